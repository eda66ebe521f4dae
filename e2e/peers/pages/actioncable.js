import { createConsumer } from "@rails/actioncable";

createConsumer().subscriptions.create("FeedChannel", {
  received: (event) => receive(event),
});
