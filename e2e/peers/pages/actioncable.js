import { createConsumer } from "@rails/actioncable";

createConsumer(`ws://${self.server}/cable`).subscriptions.create("FeedChannel", {
  received: (event) => receive(event),
});
