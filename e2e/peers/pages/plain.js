const ws = new WebSocket(`ws://${location.host}/feed`);
ws.onmessage = (event) => receive(JSON.parse(event.data).data);
