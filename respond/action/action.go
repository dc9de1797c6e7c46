// Package action is the enforcement point at devices of other makers that take orders over HTTP: firewalls, agents on computers. What
// they are told is content (content/actions), read strictly, and unproven until a person of this site has seen it work.
package action

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"bulwark/content/actions"
	"bulwark/platform/clock"
	"bulwark/platform/conf"
)

// Config is what can be set.
type Config struct {
	// Folder holds the site's own actions, one file each. Empty: there are none.
	Folder string `conf:"folder"`
	// Devices are those that take orders. Empty: none is told anything.
	Devices []Device `conf:"devices"`
}

// Device is one that takes orders.
type Device struct {
	// Name is a short word by which people know it.
	Name string `conf:"name"`
	// Action is the id of what it is told.
	Action string `conf:"action"`
	// URL is where, as https://10.0.0.1.
	URL string `conf:"url"`
	// Authority is a file with the certificates (PEM) that signed its own. Empty means those this machine trusts.
	Authority string `conf:"authority"`
	// Secret is its token or key.
	Secret conf.Secret `conf:"secret"`
	// Settings are what the action asks for, each as word=value.
	Settings []string `conf:"settings"`
}

const mostDevices = 50

var word = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// Check refuses settings that cannot work.
func (c *Config) Check() error {
	if len(c.Devices) > mostDevices {
		return conf.At("devices", fmt.Errorf("%d are more than %d", len(c.Devices), mostDevices))
	}
	seen := map[string]bool{}
	for i, d := range c.Devices {
		u, err := url.Parse(d.URL)
		switch {
		case !word.MatchString(d.Name) || seen[d.Name]:
			return conf.At(fmt.Sprintf("devices[%d].name", i), fmt.Errorf("%q is not a word of small letters, digits and hyphens of its own", d.Name))
		case err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil:
			return conf.At(fmt.Sprintf("devices[%d].url", i), fmt.Errorf("%q is not like https://10.0.0.1", d.URL))
		case d.Secret.IsZero():
			return conf.At(fmt.Sprintf("devices[%d].secret", i), errors.New("there is none"))
		}
		seen[d.Name] = true
	}
	return nil
}

// Order is what is to be so, or so no more.
type Order struct {
	ID        uint64
	Addresses []netip.Addr
	Name      string // of the device at which it is aimed
	Until     time.Time
	Memo      string // by [Point.Prepare]
}

// What is wrong with an order, or with a device.
var (
	ErrOrder  = errors.New("action: that cannot be asked")
	ErrSo     = errors.New("action: it is so already, by another's doing: nothing would be done, nor undone")
	ErrAnswer = errors.New("action: the answer is not the one that is expected")
)

// Point is one device. Make it with [New]; it is safe for concurrent use.
type Point struct {
	device   Device
	action   *actions.Action
	settings map[string]string
	clock    clock.Clock

	mu    sync.Mutex // guards what follows
	token string     // that the secret was changed for
	until time.Time  // the token is good
	so    map[string]seen
}

// seen is what was read to be in force: see Every of an action.
type seen struct {
	at    time.Time
	found string
}

// mostSeen is how much of it is kept; beyond, it is asked each time.
const mostSeen = 1000

// New makes the enforcement points of a configuration. It reads the files, and touches nothing.
func New(c Config, t clock.Clock) (points []*Point, err error) {
	var own fs.FS
	if c.Folder != "" {
		own = os.DirFS(c.Folder)
	}
	all, err := actions.Load(own)
	if err != nil {
		return nil, fmt.Errorf("reading actions: %w", err)
	}
	for _, d := range c.Devices {
		p := &Point{device: d, action: all[d.Action], settings: map[string]string{}, clock: t, so: map[string]seen{}}
		if p.action == nil {
			return nil, fmt.Errorf("actions.devices: %s: there is no action %q", d.Name, d.Action)
		}
		for _, s := range d.Settings {
			name, value, _ := strings.Cut(s, "=")
			p.settings[name] = value
		}
		for _, name := range p.action.Settings {
			if !plain.MatchString(p.settings[name]) {
				return nil, fmt.Errorf("actions.devices: %s: %s needs the setting %s=..., of letters and digits", d.Name, d.Action, name)
			}
		}
		points = append(points, p)
	}
	return points, nil
}

// Name is that of the device, so that it is none of ours.
func (p *Point) Name() string { return "http-" + p.device.Name }

// Act is what it does.
func (p *Point) Act() string { return p.action.Act }

// Proof is what a person confirms who has seen it work: the action as it is written, at this device.
func (p *Point) Proof() string { return p.action.ID + " " + p.action.Sum() + " " + p.device.URL }

// plain are values that have no other meaning in a path, JSON or XML.
var plain = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.:-]{0,252}$`)

// rounds are the values of each round of an order: one for each address, or one.
func (p *Point) rounds(o Order) (all []map[string]string, err error) {
	values := func() map[string]string {
		left := max(0, int(o.Until.Sub(p.clock.Now()).Round(time.Second)/time.Second))
		v := map[string]string{"name": o.Name, "seconds": strconv.Itoa(max(1, left)), "lease": strconv.FormatUint(o.ID, 10)}
		for name, value := range p.settings {
			v[name] = value
		}
		return v
	}
	if p.action.Of == "name" {
		if !plain.MatchString(o.Name) {
			return nil, fmt.Errorf("%w: %s knows devices by name, and the name is %q", ErrOrder, p.device.Name, o.Name)
		}
		return append(all, values()), nil
	}
	for _, a := range o.Addresses {
		if !a.IsValid() || a.Zone() != "" {
			return nil, fmt.Errorf("%w: %s is no address", ErrOrder, a)
		}
		v := values()
		v["address"] = a.String()
		all = append(all, v)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%w: there is no address", ErrOrder)
	}
	return all, nil
}

// Try says which requests an order would send, or why it would send none. It only asks the device.
func (p *Point) Try(ctx context.Context, o Order) (plan []string, err error) {
	s, err := p.open(ctx)
	if err != nil {
		return nil, err
	}
	defer s.close()
	rounds, err := p.rounds(o)
	if err != nil {
		return nil, err
	}
	for _, v := range rounds {
		held, err := s.held(ctx, v)
		if err != nil {
			return nil, err
		}
		if held {
			return nil, ErrSo
		}
		plan = append(plan, s.said(&p.action.Do, v), "at the end: "+s.said(&p.action.Undo, v))
	}
	return plan, nil
}

// Prepare refuses what is so already; otherwise all that is so later is ours.
func (p *Point) Prepare(ctx context.Context, o Order) (string, error) {
	_, err := p.Try(ctx, o)
	return "ours", err
}

// Drive makes the orders so and takes the undone ones away; what is as it should be is only asked. It returns why single ones could not.
func (p *Point) Drive(ctx context.Context, want, undo []Order) (refused map[uint64]error, err error) {
	s, err := p.open(ctx)
	if err != nil {
		return nil, err
	}
	defer s.close()
	refused = map[uint64]error{}
	for _, o := range undo {
		if o.Memo == "" {
			continue // nothing was ever touched
		}
		if err := s.drive(ctx, o, false); err != nil {
			refused[o.ID] = err
		}
	}
	for _, o := range want {
		if err := s.drive(ctx, o, true); err != nil {
			refused[o.ID] = err
		}
	}
	return refused, ctx.Err()
}

func (s *session) drive(ctx context.Context, o Order, wanted bool) error {
	rounds, err := s.p.rounds(o)
	if err != nil {
		return err
	}
	r := &s.p.action.Do
	if !wanted {
		r = &s.p.action.Undo
	}
	for _, v := range rounds {
		held, err := s.held(ctx, v)
		if err == nil && held != wanted {
			s.p.forget(v)
			_, err = s.send(ctx, r, v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Read says which of the orders are in force, by asking the device; of which that could not be found out, why stands in unknown.
func (p *Point) Read(ctx context.Context, orders []Order) (held map[uint64]bool, unknown map[uint64]error, err error) {
	s, err := p.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer s.close()
	held, unknown = map[uint64]bool{}, map[uint64]error{}
	for _, o := range orders {
		if o.Memo == "" {
			continue
		}
		rounds, err := p.rounds(o)
		all, some := true, false
		for _, v := range rounds {
			so, e := s.held(ctx, v)
			err = errors.Join(err, e)
			all, some = all && so, some || so
		}
		switch {
		case err != nil:
			unknown[o.ID] = err
		case some && !all:
			unknown[o.ID] = fmt.Errorf("%w: of some of its addresses alone", ErrAnswer)
		default:
			held[o.ID] = all
		}
	}
	return held, unknown, ctx.Err()
}
