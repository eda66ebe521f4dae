"use client";

import "wakesocket/badge";
import { useEffect } from "react";
import { App } from "../../pages/app.jsx";

export function Load() {
  useEffect(() => {
    const main = document.querySelector("main");
    globalThis.told.tellWhen(() => main.textContent.includes("live something 3 fresh") && main.querySelector("wakesocket-badge[state=live]"));
  }, []);
  return <App name="next" />;
}
