import asyncio, json, os, random, time
from urllib.parse import parse_qs, urlsplit
import websockets

KEEPS = 1000  # events in the log
epoch = format(time.time_ns(), "x")  # an id is never used again after a restart
log, count, clients = [], 0, {}  # clients: socket -> its queue and topics

def publish(topic, data):
    global count
    count += 1
    event = {"id": f"{epoch}-{count}", "topic": topic, "time": time.time_ns() // 10**6, "data": data}
    log.append(event)
    del log[:-KEEPS]
    for socket, client in list(clients.items()):
        if client["queue"].qsize() > 2 * KEEPS:  # too slow: it comes back with after=
            socket.transport.abort()
        else:
            deliver(client, event)

def deliver(client, event):
    if not client["topics"] or event["topic"] in client["topics"]:
        client["queue"].put_nowait(json.dumps(event))

async def write(socket, queue):
    while True:
        await socket.send(await queue.get())

async def serve(socket, path):
    query = parse_qs(urlsplit(path).query, keep_blank_values=True)
    after, full = query.get("after", [None])[0], query.get("wakesocket") == ["1"]
    if query.get("token") == ["expired"]:
        return await socket.close(4401, "token expired")
    client = {"queue": asyncio.Queue(), "topics": query.get("topic", [])}
    first = count - len(log)  # the log holds the events after this number
    numbers = {None: count} | {f"{epoch}-{n}": n for n in range(first, count + 1)}
    start = numbers.get(after, first)
    if full:
        hello = {"wakesocket": "hello", "resumed": after in numbers and after is not None, "at": f"{epoch}-{start}", "live": start == count}
        if after not in numbers:
            hello["gap"] = {"after": after, "earliest": log[0]["id"] if log else "", "reason": "trimmed"}
        client["queue"].put_nowait(json.dumps(hello))
    for event in log[start - first :]:
        deliver(client, event)
    if full and start < count:
        client["queue"].put_nowait(json.dumps({"wakesocket": "position", "at": f"{epoch}-{count}", "live": True}))
    clients[socket], writer = client, asyncio.ensure_future(write(socket, client["queue"]))
    try:
        async for text in socket:
            if text == "ping":
                await socket.send("pong")
            elif '"topics"' in text:
                client["topics"] = json.loads(text)["topics"]
    finally:
        clients.pop(socket)
        writer.cancel()

async def main():
    async with websockets.serve(serve, "127.0.0.1", int(os.environ.get("PORT", 8080))):
        while True:
            publish(random.choice(["cpu", "disk"]), {"load": random.random()})
            await asyncio.sleep(int(os.environ.get("PERIOD", 1000)) / 1000)

asyncio.run(main())
