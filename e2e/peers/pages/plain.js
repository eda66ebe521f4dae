const ws = new WebSocket(`ws://${self.server}/feed`);
ws.onmessage = (event) => receive(JSON.parse(event.data).data);
