// @ts-check

/**
 * Light or dark is the page's color-scheme, not the machine's: the badge never
 * stands out from a page that knows only one. Every colour is a variable.
 */
export const css = `
:host { display: inline-block; font: 500 0.8125rem/1.25 system-ui, sans-serif; vertical-align: middle }
:host([hidden]) { display: none }
[part=badge] { --wait: #9a6700; --live: #1a7f37; --off: #59636e; --failed: #cf222e; --text: #1f2328; --background: #fff }
@supports (color: light-dark(#000, #fff)) {
  [part=badge] {
    --wait: light-dark(#9a6700, #e3b341); --live: light-dark(#1a7f37, #3fb950); --off: light-dark(#59636e, #9198a1);
    --failed: light-dark(#cf222e, #f85149); --text: light-dark(#1f2328, #e6edf3); --background: light-dark(#fff, #161b22);
  }
}
[part=badge] {
  --tone: var(--wakesocket-wait, var(--wait));
  display: inline-flex; align-items: center; flex-wrap: wrap; gap: 0.15em 0.5em;
  box-sizing: border-box; min-height: 2.3em; padding: 0.15em 0.75em; border-radius: 1.1em;
  color: var(--wakesocket-text, var(--text));
  background: var(--wakesocket-background, var(--background));
  border: 1px solid var(--tone); border-color: color-mix(in srgb, var(--tone) 45%, transparent);
}
:host([compact]) [part=badge] { min-height: 1.6em; padding: 0 0.5em; gap: 0.4em }
:host([compact]) [part=label], :host([compact]) [part=cause] {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap
}
:host([state=live]:not([stale])) [part=badge] { --tone: var(--wakesocket-live, var(--live)) }
:host([state=offline]) [part=badge], :host([state=stopped]) [part=badge] { --tone: var(--wakesocket-off, var(--off)) }
:host([state=failed]) [part=badge] { --tone: var(--wakesocket-failed, var(--failed)) }
[part=dot] { flex: none; width: 0.6em; height: 0.6em; border-radius: 50%; background: var(--tone) }
:host([state=connecting]) [part=dot], :host([state=checking]) [part=dot], :host([state=reconnecting]) [part=dot] { animation: pulse 1.2s ease-in-out infinite alternate }
:host([state=offline]) [part=dot], :host([state=stopped]) [part=dot] { background: none; box-shadow: inset 0 0 0 2px var(--tone) }
:host([state=failed]) [part=dot] { border-radius: 1px }
[part=label] { font-weight: 600 }
[part=cause] { overflow-wrap: anywhere }
[part=cause]:empty { display: none }
[part=detail] { opacity: 0.75; font-variant-numeric: tabular-nums }
[part=detail]:empty { display: none }
[part=retry] {
  font: inherit; color: inherit; cursor: pointer; margin: 0 -0.5em 0 0; padding: 0.25em 0.7em; border-radius: 1em;
  background: color-mix(in srgb, var(--tone) 15%, transparent); border: 1px solid color-mix(in srgb, var(--tone) 55%, transparent);
}
[part=retry]:hover { background: color-mix(in srgb, var(--tone) 30%, transparent) }
[part=retry]:focus-visible { outline: 2px solid var(--tone); outline-offset: 2px }
[part=retry][hidden] { display: none }
@keyframes pulse { to { opacity: 0.35 } }
@media (prefers-reduced-motion: reduce) { [part=dot] { animation: none !important } }
@media (forced-colors: active) { [part=dot] { background: CanvasText } }
`;
