import { createConsumer } from "@rails/actioncable";

createConsumer().subscriptions.create("FeedChannel", {
  received: (event) => (document.querySelector("output").textContent = JSON.stringify(event)),
});
