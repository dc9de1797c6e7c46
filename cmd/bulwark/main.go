// Command bulwark defends a hospital. See the README, or bulwark --help.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"bulwark/node"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := node.Main(ctx, os.Args[1:], node.Terminal{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	stop()
	os.Exit(code)
}
