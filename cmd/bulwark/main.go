// Command bulwark defends a hospital. See the README, or bulwark --help.
package main

import (
	"context"
	"flag"
	"os"
	"os/signal"
	"syscall"

	"bulwark/node"
)

func main() {
	// The event store's library reads its settings from the global flag set and refuses to run before it is parsed.
	// Bulwark has its own command line; these are the library's: at most a fifth of the memory, and no chatter.
	_ = flag.CommandLine.Parse([]string{"-memory.allowedPercent=20", "-loggerLevel=ERROR"})
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := node.Main(ctx, os.Args[1:], node.Terminal{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	stop()
	os.Exit(code)
}
