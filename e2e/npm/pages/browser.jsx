import { name, tellWhen } from "./told.js";
import "wakesocket/badge";
import { StrictMode } from "react";
import { hydrateRoot } from "react-dom/client";
import { App } from "./app.jsx";

const root = document.querySelector("#root");
hydrateRoot(root, <StrictMode><App name={name} /></StrictMode>);
tellWhen(() => root.textContent.includes("live something 3 fresh") && root.querySelector("wakesocket-badge[state=live]"));
