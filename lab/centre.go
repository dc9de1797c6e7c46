package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"
)

// Centre is `bulwark up --roles centre`, which the hospital's Bulwark joins over a line of its own.
type Centre struct{ *Watcher }

const (
	centreNS   = Prefix + "centre"
	centreDev  = "up0" // of the hospital's Bulwark, towards the centre
	centreAddr = "192.0.2.1"
	siteAddr   = "192.0.2.2"
)

// Centre starts a centre.
func (n *Network) Centre(ctx context.Context, bulwark string) (*Centre, error) {
	if err := addNamespace(centreNS); err != nil {
		return nil, err
	}
	err := batch(
		"-n "+sensorNS+" link add "+centreDev+" type veth peer name eth0 netns "+centreNS,
		"-n "+sensorNS+" addr add "+siteAddr+"/24 dev "+centreDev,
		"-n "+sensorNS+" link set "+centreDev+" up",
		"-n "+centreNS+" addr add "+centreAddr+"/24 dev eth0",
		"-n "+centreNS+" link set eth0 up",
	)
	if err != nil {
		return nil, err
	}
	w, err := n.watcher(centreNS, bulwark, "site: group\njoin:\n  name: "+centreAddr+"\n", nil)
	if err != nil {
		return nil, err
	}
	w.roles = "centre"
	if err := w.first(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("centre: %w", err), w.Stop(), fmt.Errorf("it said: %s", w.said))
	}
	return &Centre{w}, nil
}

var joinToken = regexp.MustCompile(`bulwark join (\S+)`)

// enrol has a program join, by a token that is good once.
func (c *Centre) enrol(ctx context.Context, w *Watcher) error {
	said, err := c.command(ctx, "nodes", "token", "--role", "site", "lab").CombinedOutput()
	if err != nil {
		return fmt.Errorf("making a token: %w: %s", err, said)
	}
	token := joinToken.FindSubmatch(said)
	if token == nil {
		return fmt.Errorf("lab: no token in %q", said)
	}
	if said, err := w.command(ctx, "join", string(token[1])).CombinedOutput(); err != nil {
		return fmt.Errorf("joining: %w: %s", err, said)
	}
	return nil
}

// plug mends the line to the centre, or cuts it.
func (c *Centre) plug(in bool) error {
	return ip("-n", sensorNS, "link", "set", centreDev, map[bool]string{true: "up", false: "down"}[in])
}

// has waits until the centre has an event that a search finds, of at or after a time.
func (c *Centre) has(ctx context.Context, search string, from time.Time) error {
	return await(ctx, "the centre has "+search, func() (bool, error) {
		n, err := c.count(ctx, search, from)
		return n > 0, err
	})
}

// count is how many events a search finds, of at or after a time.
func (c *Centre) count(ctx context.Context, search string, from time.Time) (int, error) {
	c.begin = from
	found, err := c.export(ctx, search)
	return bytes.Count(found, []byte("\n")), err
}
