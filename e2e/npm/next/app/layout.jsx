export const metadata = { title: "wakesocket", icons: "data:," };

export default function Layout({ children }) {
  return (
    <html lang="en">
      <head>
        <script src="/next/told.js" />
      </head>
      <body>{children}</body>
    </html>
  );
}
