import assert from "node:assert/strict";
import { test } from "node:test";
import { socketURL, withQuery } from "./url.js";

const base = "https://example.com/app/page.html?x=1#top";

for (const [given, want] of [
  ["/feed", "wss://example.com/feed"],
  ["feed", "wss://example.com/app/feed"],
  ["//other.org/feed", "wss://other.org/feed"],
  ["http://localhost:8080/feed", "ws://localhost:8080/feed"],
  ["ws://localhost/feed?a=1#b", "ws://localhost/feed?a=1"],
  [new URL("https://example.com/feed"), "wss://example.com/feed"],
]) {
  test(`address ${given}`, () => assert.equal(socketURL(given, base), want));
}

for (const given of [undefined, null, 7, {}, "ftp://example.com", "http://", "javascript:1"]) {
  test(`no address: ${String(given)}`, () => assert.throws(() => socketURL(given, base), TypeError));
}

test("a relative address on a page from a file is refused", () => {
  assert.throws(() => socketURL("/feed", "file:///tmp/page.html"), /must use http, https, ws or wss/);
});

for (const { name, href, added, removed, want } of [
  { name: "no query yet", href: "ws://h/feed", added: [["after", "e-1"]], want: "ws://h/feed?after=e-1" },
  {
    name: "a query that is signed keeps its spelling",
    href: "ws://h/feed?sig=a%2Fb+c~%7E&flag",
    added: [["after", "1"]],
    want: "ws://h/feed?sig=a%2Fb+c~%7E&flag&after=1",
  },
  { name: "an own value is replaced", href: "ws://h/?after=old&a=1&%61fter=old", added: [["after", "new"]], want: "ws://h/?a=1&after=new" },
  { name: "values are escaped", href: "ws://h/", added: [["after", "a&b=c #d\u00e9"]], want: "ws://h/?after=a%26b%3Dc+%23d%C3%A9" },
  { name: "a broken surrogate throws nothing", href: "ws://h/", added: [["after", "\ud800"]], want: "ws://h/?after=%EF%BF%BD" },
  {
    name: "repeated names",
    href: "ws://h/",
    added: [
      ["topic", "a"],
      ["topic", "b"],
    ],
    want: "ws://h/?topic=a&topic=b",
  },
  { name: "removed names", href: "ws://h/?topic=x&y=1", added: [], removed: ["topic"], want: "ws://h/?y=1" },
  { name: "a bare question mark", href: "ws://h/?", added: [["a", "1"]], want: "ws://h/?a=1" },
]) {
  test(name, () => assert.equal(withQuery(href, added, removed), want));
}
