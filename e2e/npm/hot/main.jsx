import { tellWhen } from "./told.js";
import "wakesocket/badge";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./plain.js";
import { View } from "./view.jsx";

const root = document.querySelector("#root");
createRoot(root).render(<StrictMode><View /></StrictMode>);

/** The two texts of the page: of a React component, and of a plain module. */
const shows = (word) => [root, document.querySelector("#plain")].every(({ textContent }) => textContent === `${word} live`);
tellWhen(() => shows("first"), "works");
tellWhen(() => shows("second"), "updated");
