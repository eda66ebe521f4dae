// Command mount only serves a feed: its size is what a program pays for that.
package main

import (
	"log"
	"net/http"

	"github.com/wakesocket/wakesocket/web/feed"
)

func main() {
	f, err := feed.New(feed.Options{})
	if err != nil {
		log.Fatal(err)
	}
	http.Handle("/feed", f)
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", nil))
}
