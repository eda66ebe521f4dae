import { Load } from "./load.jsx";

export default function Page() {
  return <Load />;
}
