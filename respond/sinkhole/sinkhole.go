// Package sinkhole is the enforcement point in the hospital's resolvers: a response policy zone (RPZ) of the names that nobody is to
// reach, which it serves them itself (RFC 5936, RFC 1996) or writes to a file for them.
//
// A zone is in force where the resolver says so: it is asked for the serial that it has loaded, by a name in the zone that stands for
// nothing else, and for each name whether it answers as the zone says. A resolver that hears nothing of us any more drops the zone
// when it expires (SOA), so that nothing outlives this program for long.
package sinkhole

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/net/publicsuffix"

	"bulwark/platform/clock"
	"bulwark/platform/conf"
)

// Config is what can be set.
type Config struct {
	// Resolvers are the hospital's resolvers, as 10.0.0.53 or 10.0.0.53:5353. They fetch the zone, are told when it changes, and are asked
	// whether it is in force. Empty: no name is stopped.
	Resolvers []string `conf:"resolvers"`
	// Listen is where they fetch the zone, as 10.0.0.9:5300. Empty means they read the file.
	Listen string `conf:"listen"`
	// File is where the zone is written, too, for resolvers that read a file. Whoever reads it must be told to read it anew.
	File string `conf:"file"`
	// Zone is the name of the zone.
	Zone string `conf:"zone"`
	// Key is the secret of the transfers (TSIG, hmac-sha256, its name is bulwark), in base64 of at least 16 bytes. Empty means that a
	// resolver is known by its address alone.
	Key conf.Secret `conf:"key"`
	// Answer is the address that is answered for the names. Empty means that they do not exist.
	Answer string `conf:"answer"`
	// Never are names that are never stopped, nor what is below them: the hospital's own.
	Never []string `conf:"never"`
}

// Defaults are the settings that nobody chose.
func Defaults() Config { return Config{Zone: "rpz.bulwark"} }

// Check refuses settings that cannot work.
func (c *Config) Check() error {
	for i, r := range c.Resolvers {
		if _, err := resolver(r); err != nil {
			return conf.At(fmt.Sprintf("resolvers[%d]", i), fmt.Errorf("%q is not like 10.0.0.53", r))
		}
	}
	for i, n := range c.Never {
		if _, err := name(n); err != nil {
			return conf.At(fmt.Sprintf("never[%d]", i), err)
		}
	}
	if len(c.Resolvers) > 0 && c.Listen == "" && c.File == "" {
		return conf.At("listen", errors.New("resolvers need an address where they fetch the zone, or a file"))
	}
	if c.Listen != "" {
		if _, err := netip.ParseAddrPort(c.Listen); err != nil {
			return conf.At("listen", fmt.Errorf("%q is not like 10.0.0.9:5300", c.Listen))
		}
	}
	if _, err := name(c.Zone); err != nil {
		return conf.At("zone", err)
	}
	if c.Answer != "" {
		if _, err := netip.ParseAddr(c.Answer); err != nil {
			return conf.At("answer", fmt.Errorf("%q is no address", c.Answer))
		}
	}
	if err := checkKey(c.Key); err != nil {
		return conf.At("key", err)
	}
	return nil
}

// Order is a name that nobody is to reach, nor what is below it.
type Order struct {
	ID   uint64
	Name string
}

// Act is what it does.
const Act = "sinkhole"

// What is wrong with an order, or with the resolvers.
var (
	ErrOff   = errors.New("sinkhole: sinkhole.resolvers is empty")
	ErrName  = errors.New("sinkhole: that name cannot be stopped")
	errStale = errors.New("the resolver has not loaded the zone")
)

// Sinkhole is the room. Make it with [New]; it is safe for concurrent use.
type Sinkhole struct {
	config Config
	clock  clock.Clock
	log    *slog.Logger

	// mu guards what follows.
	mu      sync.RWMutex
	zone    *zone // nil before it is known what is wanted: nothing is served then
	problem error // why nothing is served
}

// New makes the enforcement point. [Sinkhole.Run] serves the zone.
func New(c Config, t clock.Clock, l *slog.Logger) *Sinkhole {
	c.Zone = dns.Fqdn(strings.ToLower(cmp.Or(c.Zone, Defaults().Zone)))
	return &Sinkhole{config: c, clock: t, log: l}
}

// Name is "sinkhole".
func (s *Sinkhole) Name() string { return Act }

// name reads a domain name: small letters, no point at the end.
func name(text string) (string, error) {
	n := strings.TrimSuffix(strings.ToLower(text), ".")
	if _, ok := dns.IsDomainName(n); !ok || n == "" || len(n) > 200 {
		return "", fmt.Errorf("%w: %q is no domain name", ErrName, text)
	}
	for label := range strings.SplitSeq(n, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return "", fmt.Errorf("%w: %q is no domain name (letters beyond a to z are written xn--...)", ErrName, text)
		}
	}
	return n, nil
}

// check reads the name of an order, and refuses names on which too much depends.
func (s *Sinkhole) check(o Order) (string, error) {
	n, err := name(o.Name)
	if err != nil {
		return "", err
	}
	if suffix, _ := publicsuffix.PublicSuffix(n); suffix == n {
		return "", fmt.Errorf("%w: all that is registered below %q would stop", ErrName, n)
	}
	for _, never := range append(slices.Clone(s.config.Never), "arpa", "localhost", "bulwark.example", s.config.Zone) {
		if never, err := name(never); err != nil || below(n, never) || below(never, n) {
			return "", fmt.Errorf("%w: %q is never stopped", ErrName, cmp.Or(never, n))
		}
	}
	return n, nil
}

// below reports whether a name is another one or below it.
func below(n, top string) bool { return n == top || strings.HasSuffix(n, "."+top) }

// Try says what an order would do, or why it could not be in force; nothing is touched.
func (s *Sinkhole) Try(o Order) ([]string, error) {
	if len(s.config.Resolvers) == 0 {
		return nil, ErrOff
	}
	n, err := s.check(o)
	if err != nil {
		return nil, err
	}
	var plan []string
	for _, r := range s.rules(n) {
		plan = append(plan, "response policy zone: "+strings.Join(strings.Fields(r.String()), " "))
	}
	how := "transferred to "
	if s.config.Listen == "" {
		how = "written to " + s.config.File + " for "
	}
	return append(plan, how+strings.Join(s.config.Resolvers, ", ")), nil
}

// Drive makes these the names of the zone, and tells the resolvers when it changed. It returns which cannot be in it.
func (s *Sinkhole) Drive(ctx context.Context, want []Order) (refused map[uint64]error, err error) {
	if len(s.config.Resolvers) == 0 {
		return nil, ErrOff
	}
	refused, names := map[uint64]error{}, map[string]bool{}
	for _, o := range want {
		n, err := s.check(o)
		if err != nil {
			refused[o.ID] = err
			continue
		}
		names[n] = true
	}
	z, changed := s.take(names)
	if s.config.File != "" && (changed || !exists(s.config.File)) {
		if err := write(s.config.File, z.text()); err != nil {
			return refused, fmt.Errorf("writing sinkhole.file: %w", err)
		}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return refused, s.problem
}

// take makes these the names of the zone.
func (s *Sinkhole) take(names map[string]bool) (z *zone, changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sorted := slices.Sorted(maps.Keys(names))
	if s.zone != nil && slices.Equal(s.zone.names, sorted) {
		return s.zone, false
	}
	serial := uint32(s.clock.Now().Unix()) // it grows over restarts, too
	if s.zone != nil {
		serial = max(serial, s.zone.serial+1)
	}
	s.zone = s.make(serial, sorted)
	return s.zone, true
}

// now is the zone as it is.
func (s *Sinkhole) now() *zone {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.zone
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// write writes a file as a whole.
func write(path, text string) error {
	part := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".part")
	if err := os.WriteFile(part, []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(part, path)
}

// Run serves the zone until ctx ends. An address that cannot be listened on is tried again.
func (s *Sinkhole) Run(ctx context.Context) error {
	for s.config.Listen != "" && len(s.config.Resolvers) > 0 && ctx.Err() == nil {
		err := s.serve(ctx)
		if ctx.Err() != nil {
			return nil
		}
		s.stand(fmt.Errorf("serving the zone at %s: %w", s.config.Listen, err))
		s.log.Error("the response policy zone is not served", "listen", s.config.Listen, "error", err)
		clock.Pause(ctx, 10*time.Second)
	}
	<-ctx.Done()
	return nil
}

// stand notes why nothing is served; nil: it is.
func (s *Sinkhole) stand(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.problem = err
}
