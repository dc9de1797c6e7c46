package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path/filepath"
	"slices"
	"strings"

	"bulwark/platform/bus"
	"bulwark/platform/bus/join"
	"bulwark/platform/conf"
)

// Join is how nodes join each other.
type Join struct {
	// Listen is the address and port at which other nodes enrol with a one-time token. Read on a site or a centre.
	Listen string `conf:"listen"`
	// Leaf is the address and port at which the buses of joined nodes connect.
	Leaf string `conf:"leaf"`
	// Name is the host name or address under which other nodes reach this one; it stands in the tokens. Empty means
	// the first of console.names, or the name of the machine.
	Name string `conf:"name"`
}

// roles is what a node does. None means everything, alone.
type roles []join.Role

// parseRoles reads "sensor", "site" or "centre", or two of them with a comma between.
func parseRoles(text string) (roles, error) {
	if text == "" {
		return nil, nil
	}
	var r roles
	for _, w := range strings.Split(text, ",") {
		role := join.Role(w)
		if err := conf.OneOf(w, string(join.Sensor), string(join.Site), string(join.Centre)); err != nil {
			return nil, fmt.Errorf("--roles: %w", err)
		}
		r = append(r, role)
	}
	if r.has(join.Site) && r.has(join.Centre) {
		return nil, errors.New("--roles: a node is a site or a centre, not both")
	}
	return r, nil
}

func (r roles) has(role join.Role) bool { return slices.Contains(r, role) }

// watches reports whether the node watches the network.
func (r roles) watches() bool { return len(r) == 0 || r.has(join.Sensor) }

// keeps reports whether the node keeps and shows events: all but a mere sensor.
func (r roles) keeps() bool { return len(r) == 0 || r.has(join.Site) || r.has(join.Centre) }

// above reports whether other nodes may join this one, and as what it lets them in.
func (r roles) above() (join.Role, bool) {
	switch {
	case r.has(join.Centre):
		return join.Centre, true
	case r.has(join.Site):
		return join.Site, true
	}
	return "", false
}

// openJoins opens what links this node to others: the authority, where others join it, and its own identity, where
// it has joined another.
func (n *Node) openJoins(context.Context) error {
	id, err := join.LoadIdentity(n.joined())
	switch {
	case err == nil:
		n.upper = id
	case errors.Is(err, fs.ErrNotExist):
		if len(n.roles) == 1 && n.roles.has(join.Sensor) {
			return errors.New("a sensor alone has nobody to send to: make a token on the site (bulwark nodes token NAME) and run bulwark join TOKEN here")
		}
	default:
		return err
	}
	role, ok := n.roles.above()
	if !ok {
		return nil
	}
	name := n.config.Join.Name
	if name == "" && len(n.config.Console.Names) > 0 {
		name = n.config.Console.Names[0]
	}
	if name == "" {
		name = hostName()
	}
	at := func(listen string) string {
		_, port, _ := net.SplitHostPort(listen) // the configuration was checked
		return net.JoinHostPort(name, port)
	}
	n.authority, err = join.OpenAuthority(join.Options{Dir: filepath.Join(n.dir, "nodes"), Role: role,
		Address: at(n.config.Join.Listen), Leaf: at(n.config.Join.Leaf), Log: n.log.With("room", "join")})
	return err
}

// joined is the folder of the identity that this node got from the one above.
func (n *Node) joined() string { return filepath.Join(n.dir, "joined") }

// link fills in what the bus needs to be linked.
func (n *Node) link(o *bus.Options) {
	if n.authority != nil {
		o.Listen = n.authority.Listen(n.config.Join.Leaf)
	}
	if n.upper != nil {
		o.Domain = n.upper.Name
		o.Upstream = n.upper.Upstream()
	}
}

// links are the rooms that hold the links to other nodes.
func (n *Node) links() stage {
	var s stage
	if n.authority != nil {
		s = append(s,
			room{"links", func(ctx context.Context) error { return n.authority.Link(ctx, n.bus) }},
			room{"enrolment", func(ctx context.Context) error {
				l, err := net.Listen("tcp", n.config.Join.Listen)
				if err != nil {
					return fmt.Errorf("%w; join.listen names another address", err)
				}
				return n.authority.Serve(ctx, l)
			}})
	}
	if n.upper != nil {
		s = append(s, room{"certificate of the link", func(ctx context.Context) error {
			return n.upper.Keep(ctx, n.log.With("room", "join"))
		}})
	}
	return s
}
