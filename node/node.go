package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bulwark/console"
	"bulwark/decide/access"
	findings "bulwark/decide/finding"
	"bulwark/decide/identity"
	"bulwark/decide/identity/oidc"
	incidents "bulwark/decide/incident"
	"bulwark/decide/safety"
	"bulwark/detect/logrule"
	"bulwark/detect/signature"
	"bulwark/event"
	"bulwark/observe/inventory"
	"bulwark/observe/logs"
	"bulwark/observe/sensor"
	"bulwark/platform/bus"
	"bulwark/platform/bus/join"
	"bulwark/platform/clock"
	"bulwark/platform/db"
	"bulwark/platform/health"
	"bulwark/platform/keys"
	"bulwark/platform/ledger"
	"bulwark/platform/store"
	"bulwark/platform/web"
	"bulwark/respond/containment"
	"bulwark/respond/group"
	"bulwark/respond/notify"
	"bulwark/respond/playbook"
	"bulwark/respond/sinkhole"
	front "bulwark/web"
)

// Node is a running program: its parts, made once, in the order of their needs.
type Node struct {
	config  Config
	dir     string
	roles   roles
	capture string // the capture that is shown instead of the network; empty: the network is watched
	started time.Time
	log     *slog.Logger
	clock   clock.Clock

	span         span // of the capture
	losses       losses
	lock         *os.File
	health       *health.Tracker
	metrics      *prometheus.Registry
	keys         *keys.Keys
	certificates *keys.Certificates
	db           *db.DB
	ledger       *ledger.Ledger
	identity     *identity.Identity
	provider     *oidc.Provider
	inventory    *inventory.Inventory // nil where no events are kept
	findings     *findings.Findings   // nil where no events are kept
	incidents    *incidents.Incidents // likewise
	staffBook    *staffBook
	access       *access.Access           // likewise
	doors        doors                    // of the console, as access knows them
	logRules     *logrule.Room            // nil where no events are kept
	ownLogRules  []logrule.File           // of the configuration
	rulebook     *signature.Rulebook      // nil where no rules are looked for
	notify       *notify.Notify           // nil where no events are kept
	playbooks    *playbook.Playbooks      // nil where no events are kept
	safety       *safety.Safety           // nil where no events are kept
	containment  *containment.Containment // nil where no events are kept
	sinkhole     *sinkhole.Sinkhole       // nil where nothing is enforced
	above        *group.Above             // nil where this is no centre
	below        *group.Below             // nil where this is no site of a centre
	bus          *bus.Bus
	store        *store.Store
	publisher    *bus.Publisher
	sensor       *sensor.Sensor
	logs         *logs.Logs    // nil where none are taken in
	ring         *sensor.Ring  // nil where no packets are kept
	files        *sensor.Files // nil where no copies of files are kept
	hub          *console.Hub
	routes       []web.Route
	server       *web.Server
	authority    *join.Authority // lets other nodes join; nil where none may
	upper        *join.Identity  // who this node is to the one above; nil where it stands alone
}

// made is what a node is made from.
type made struct {
	config  Config
	roles   roles
	dir     string
	capture string
	log     *slog.Logger
}

// keysDir is the folder of the master secret in the data directory.
const keysDir = "keys"

// newNode makes the parts. What was opened before an error is closed again.
func newNode(ctx context.Context, m made) (*Node, error) {
	n := &Node{config: m.config, roles: m.roles, dir: m.dir, capture: m.capture, log: m.log, clock: clock.System{}, metrics: web.NewMetrics()}
	n.started = n.clock.Now()
	n.health = health.NewTracker(n.clock)
	steps := []func(context.Context) error{n.openData, n.openState, n.openJoins, n.openEvents, n.openInventory, n.openFindings, n.openIncidents, n.openAccess, n.openRulebook, n.openLogRules, n.openNotify, n.openResponse, n.openGroup, n.openPlaybooks, n.openLogs}
	if n.roles.watches() {
		steps = append(steps, n.openSensor)
	}
	for _, step := range append(steps, n.openConsole) {
		if err := step(ctx); err != nil {
			n.close()
			return nil, err
		}
	}
	return n, nil
}

// openData takes the data directory for this process alone, and opens the keys in it.
func (n *Node) openData(context.Context) error {
	if err := os.MkdirAll(n.dir, 0o700); err != nil {
		return fmt.Errorf("opening the data directory: %w; --data names another", err)
	}
	var err error
	if n.lock, err = os.OpenFile(filepath.Join(n.dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return fmt.Errorf("opening the data directory: %w; --data names another", err)
	}
	if err := syscall.Flock(int(n.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("another bulwark uses %s: stop it, or name another directory with --data", n.dir)
	}
	if n.keys, err = keys.Open(filepath.Join(n.dir, keysDir)); err != nil {
		return err
	}
	n.certificates, err = keys.OpenCertificates(n.dir, n.config.TLS, n.config.Console.Names, n.clock)
	return err
}

// openState opens the database, the ledger and the people.
func (n *Node) openState(ctx context.Context) error {
	url, err := n.config.State.Address(n.dir)
	if err != nil {
		return err
	}
	if n.db, err = db.Open(ctx, url); err != nil {
		return err
	}
	n.ledger, err = ledger.Open(ctx, ledger.Needs{DB: n.db, Clock: n.clock, Origin: "bulwark/" + n.keys.Site() + "/ledger",
		Key: n.keys.Signing("ledger"), Keeper: ledger.File(filepath.Join(n.dir, "ledger.checkpoints")), Health: n.health})
	if err != nil {
		return err
	}
	n.identity, err = identity.New(ctx, identity.Needs{Config: n.config.Identity, DB: n.db, Ledger: n.ledger,
		Clock: n.clock, Log: n.log.With("room", "identity"), Derive: n.keys.Derive, Health: n.health, Stolen: filepath.Join(n.dir, identity.StolenFile), Names: n.config.Console.Names, Judge: n.judgeRoute,
		Snapshot: n.keys.Signed(filepath.Join(n.dir, "people.snapshot"), "people"), Spool: filepath.Join(n.dir, "people.spool"), Say: n.say, Settle: n.settle, Came: n.cameBack,
		Obliged: n.stands, Forget: n.forgetPerson, Elsewhere: n.knownOf, StaffTold: n.tellStaff})
	if err != nil {
		return err
	}
	n.provider, err = oidc.New(ctx, oidc.Needs{DB: n.db, Ledger: n.ledger, Clock: n.clock, Log: n.log.With("room", "oidc"), People: n.identity, Derive: n.keys.Derive, Names: n.config.Console.Names, Judge: n.judgeApplication, Registry: n.metrics})
	return err
}

// century is how long the events of a capture are kept: it may be of any time, and goes when it is read anew.
const century = 100 * 365 * day

// captureDir is the folder in the data directory of what is kept of a capture that is shown.
const captureDir = "capture"

// openEvents opens the bus and the store. A capture has its own, which begin empty.
func (n *Node) openEvents(ctx context.Context) error {
	dir := n.dir
	c := n.config.Store
	if n.capture != "" {
		dir = filepath.Join(n.dir, captureDir)
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
		c.Flows, c.Events, c.Findings = century, century, century
	}
	o := bus.Options{Dir: filepath.Join(dir, "bus"), URL: n.config.Bus.URL, Creds: n.config.Bus.Credentials,
		MaxAge: n.config.Bus.Keep, MaxBytes: int64(n.config.Bus.Size), Registry: n.metrics, Log: n.log.With("room", "bus")}
	n.link(&o)
	if n.roles.keeps() {
		o.Hold = []string{"store"}
	}
	var err error
	if n.bus, err = bus.Open(ctx, o); err != nil {
		return err
	}
	if n.roles.keeps() {
		n.store, err = store.Open(store.Options{Dir: filepath.Join(dir, "store"), FlowRetention: c.Flows, Retention: c.Events,
			AuditRetention: c.Findings, MaxBytes: int64(c.Size), MinFree: int64(c.Free), Registry: n.metrics,
			Log: n.log.With("room", "store"), Warn: n.warnDisk})
		if err != nil {
			return err
		}
	}
	n.publisher, err = n.bus.Publisher(bus.PublisherOptions{SpillFile: filepath.Join(dir, "spill")})
	return err
}

func (n *Node) openSensor(context.Context) error {
	o := sensor.Options{Config: n.config.Sensor, Name: n.name(), Site: n.config.Site, Pseudonyms: n.keys.Derive("pseudonym"),
		Start: starter(n.config.Sensor, n.config.Rules.On()), Publisher: publisher{n}, Health: n.health,
		Log: n.log.With("room", "sensor"), Clock: n.clock, Registry: n.metrics}
	if n.config.Rules.On() {
		o.Look, o.Looked, o.Costs = n.openRules, n.looked, n.rulebook.Costs
	}
	dir := n.dir
	if n.capture != "" {
		dir = filepath.Join(n.dir, captureDir)
	}
	var err error
	if n.ring, err = n.openRing(dir); err != nil {
		return err
	}
	o.Ring, o.Notes = n.ring, filepath.Join(n.dir, "captures.json")
	if n.files, err = n.openFiles(dir); err != nil {
		return err
	}
	o.Copies = n.files
	if n.capture != "" {
		o.Done = n.captureRead
		if err := replay(&o, n.capture); err != nil {
			return err
		}
	}
	n.sensor = sensor.New(o)
	return nil
}

// replay has the sensor read a capture: each time with the same secret, so that it tells the same.
func replay(o *sensor.Options, capture string) (err error) {
	if o.Files, err = captures([]string{capture}); err == nil {
		o.Seed = seedOf(o.Files)
	}
	return err
}

// name is what this node is called in events.
func (n *Node) name() string {
	if n.config.Node != "" {
		return n.config.Node
	}
	return hostName()
}

// hostName is the name of this machine as a word that may stand in events.
func hostName() string {
	h, err := os.Hostname()
	h, _, _ = strings.Cut(strings.ToLower(h), ".")
	if err != nil || !word.MatchString(h) {
		return "node"
	}
	return h
}

// openConsole opens the HTTP server: with the console where events are kept, with health and metrics alone elsewhere.
func (n *Node) openConsole(ctx context.Context) error {
	if n.roles.keeps() {
		n.hub = console.NewHub(n.clock)
		c, err := console.New(console.Options{Files: front.Files(), Store: n.store, Live: n.hub, Health: n.health,
			Clock: n.clock, Node: n.describe, Site: n.config.Identity.Hospital, Record: n.record, Capture: n.shown, Packets: n.handsOut(), Copies: n.handsOutFiles()})
		if err != nil {
			return err
		}
		n.routes = slices.Concat(c.Routes(), n.identity.Routes(), n.provider.Routes(), n.inventory.Doors(signedIn).Routes(), n.findings.Doors(signedIn).Routes(), n.incidents.Doors(signedIn).Routes(), n.access.Doors(signedIn, n.ownAccess).Routes(), n.notify.Doors(signedInAs).Routes(), n.playbooks.Doors(signedIn).Routes(),
			n.logs.Doors(signedIn).Routes(), n.safety.Doors(signedIn).Routes(), n.containment.Doors(asks).Routes())
		if n.above != nil {
			n.routes = append(n.routes, n.above.Doors(signedInAs).Routes()...)
		} else {
			n.routes = append(n.routes, group.Alone()...)
		}
		if n.rulebook != nil {
			n.routes = append(n.routes, n.rulebook.Doors(signedIn).Routes()...)
		}
		if n.logRules != nil {
			n.routes = append(n.routes, n.logRules.Routes(signedIn)...)
		}
	}
	if n.access != nil {
		n.putDoors()
		for i, r := range n.routes {
			if !slices.Contains(r.Duties, web.Public) && !slices.Contains(r.Duties, web.Enrolling) {
				n.routes[i].Handler = n.obliged(r)
			}
		}
	}
	mux, err := web.NewMux(n.routes, n.identity)
	if err != nil {
		return err
	}
	n.server, err = web.New(web.Needs{Config: n.config.Console, Foreign: web.Foreign(n.routes), Certificate: n.certificates.Get, Clients: n.identity.DeviceAuthority, Handler: mux,
		Log: n.log.With("room", "console"), Metrics: n.metrics, NotReady: n.health.NotReady})
	if err != nil {
		return err
	}
	if err := n.server.Listen(ctx); err != nil {
		return fmt.Errorf("opening the console: %w; console.listen names another address", err)
	}
	return nil
}

// run runs the node until ctx ends.
func (n *Node) run(ctx context.Context) error { return run(ctx, n.rooms()) }

// close closes what is open, in the reverse order of opening.
func (n *Node) close() {
	if n.publisher != nil {
		limit, cancel := context.WithTimeout(context.Background(), lastWords)
		n.publisher.Close(limit)
		cancel()
	}
	if n.bus != nil {
		n.bus.Close()
	}
	if n.store != nil {
		n.store.Close()
	}
	if n.db != nil {
		if err := n.db.Close(); err != nil {
			n.log.Error("closing the database", "error", err)
		}
	}
	if n.lock != nil {
		n.lock.Close()
	}
}

// lastWords is how long the last events may take to be safe when the program stops.
const lastWords = 10 * time.Second

// flushAtEnd waits, when the watchers have stopped, until what they published is safe.
func (n *Node) flushAtEnd(ctx context.Context) error {
	<-ctx.Done()
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	return n.publisher.Flush(limit)
}

// feedConsole gives open pages what happens.
func (n *Node) feedConsole(ctx context.Context) error {
	follow := make(chan error, 1)
	go func() {
		follow <- n.bus.Follow(ctx, []string{"ev.>"}, bus.FromNew, func(_ context.Context, m *bus.Message) error {
			return n.hub.Batch(m.Batch)
		})
	}()
	return errors.Join(n.hub.Run(ctx, n.health), <-follow)
}

// publisher puts the sensor's batches on the bus.
type publisher struct{ n *Node }

// Publish takes a batch. A capture's waits for room; of live traffic, what finds none is counted and said.
func (p publisher) Publish(ctx context.Context, kind event.Kind, batch []byte) error {
	if p.n.capture != "" {
		p.n.span.widen(batch)
		return p.n.publisher.Publish(ctx, kind.Subject(), batch, nil)
	}
	err := p.n.publisher.Offer(kind.Subject(), batch, nil)
	if errors.Is(err, bus.ErrDropped) {
		p.n.losses.note(p.n.health)
		return nil
	}
	return err
}

// searchable waits until the store has what was read of a capture, for some seconds at most: the console shows a capture
// as a whole when it is.
func (n *Node) searchable() {
	if n.store == nil {
		return
	}
	for end := time.Now().Add(15 * time.Second); n.store.Added() < n.span.published() && time.Now().Before(end); {
		<-time.After(20 * time.Millisecond)
	}
	n.store.Flush()
}

// captureRead notes how far a capture was readable.
func (n *Node) captureRead(r sensor.FileReport) {
	n.searchable()
	n.span.end()
	n.log.Info("capture read", "name", r.Name, "packets", r.Packets, "bytes", r.Bytes)
	if r.Err != nil {
		n.health.Set(&captureUnread, health.Args{"name": filepath.Base(r.Name), "reason": r.Err.Error(), "packets": fmt.Sprint(r.Packets)})
	}
}
