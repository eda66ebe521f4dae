import { createClient } from "graphql-ws";

const client = createClient({ url: `ws://${self.server}/graphql`, shouldRetry: () => true, retryAttempts: Infinity });
client.subscribe({ query: "subscription { event }" }, { next: ({ data }) => data.event && receive(data.event), error: console.error, complete() {} });
