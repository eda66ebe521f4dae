/** What a test's driver is told, where the test is about something else: a visible page without a cursor. */
export const driverSettings = { client: "c", tuning: {}, visible: true, online: true, topics: undefined, after: "" };
