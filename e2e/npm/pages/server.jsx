import "wakesocket/badge";
import { StrictMode } from "react";
import { renderToString } from "react-dom/server";
import { App } from "./app.jsx";

export const render = (name) => renderToString(<StrictMode><App name={name} /></StrictMode>);
