package main

import (
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// checkTimeout is shorter than what container engines usually give a health check.
const checkTimeout = 2 * time.Second

// askHealth prints what the server at the URL answers. Any status but 200 is an error.
func askHealth(url string, out io.Writer) error {
	client := http.Client{Timeout: checkTimeout}
	answer, err := client.Get(url)
	if err != nil {
		return fmt.Errorf("-check: %w", err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
	if err != nil {
		return fmt.Errorf("-check: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("-check: %s answers %s: %s", url, answer.Status, strings.TrimSpace(string(text)))
	}
	_, err = out.Write(text)
	return err
}

// networks reads the -proxy flag.
func networks(texts []string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, text := range texts {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("-proxy: %q is not a network such as 10.0.0.0/8 or 192.0.2.1/32", text)
		}
		all = append(all, network)
	}
	return all, nil
}
