const source = new EventSource(`http://${self.server}/events`);
source.addEventListener("message", (event) => receive(JSON.parse(event.data)));
