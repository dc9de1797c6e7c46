package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// ReadAndCheck has `bulwark read --json` read a capture and checks the events it prints.
func ReadAndCheck(ctx context.Context, bulwark, file string) ([]Result, error) {
	c := exec.CommandContext(ctx, bulwark, "read", "--json", file)
	c.Stderr = os.Stderr
	events, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	results, err := Check(events, Expectations())
	if err != nil {
		return nil, errors.Join(err, c.Process.Kill(), c.Wait())
	}
	if err := c.Wait(); err != nil {
		return nil, fmt.Errorf("%s read --json %s: %w", bulwark, file, err)
	}
	return results, nil
}
