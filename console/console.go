// Package console is the shell of the web console: it serves the front end that package web carries, answers its
// questions about what the store holds and how the node is, and streams what happens as it happens. Rooms bring
// their own routes; node puts all of them behind one guard.
package console

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"time"

	"bulwark/platform/clock"
	"bulwark/platform/health"
	"bulwark/platform/store"
	"bulwark/platform/web"
)

// Options are what the console is made of. Files, Store, Live, Health and Clock must be set.
type Options struct {
	Files  fs.FS           // the built front end
	Store  *store.Store    // what was seen
	Live   *Hub            // what is happening
	Health *health.Tracker // what is wrong right now
	Clock  clock.Clock
	// Node tells how this node is; nil tells nothing but what the store knows.
	Node func(context.Context) Node
	// Capture tells what capture is shown instead of the network; nil, or a nil answer: the network is watched.
	Capture func() *Capture
	// Site is the name of the hospital, as it stands at the top of every page. Empty means that none was given.
	Site string
	// Hidden are the attributes that whoever asks must neither see nor search; nil hides nothing.
	Hidden func(*http.Request) []string
	// Packets writes the packets that are asked for as pcapng, notes it in the ledger, and says how many there were; nil:
	// none are kept.
	Packets func(r *http.Request, q PacketQuery, out io.Writer) (packets uint64, err error)
	// Copies writes the copy of a file that is asked for, as a ZIP archive, and notes it in the ledger; nil: none are kept.
	Copies func(r *http.Request, q FileQuery, out io.Writer) error
	// Record notes in the ledger what a person did ("console.export") with what; nil notes nothing. An error of it
	// stops the act.
	Record func(r *http.Request, act string, detail map[string]string) error
}

// Console answers. Make it with [New].
type Console struct {
	Options
	files      map[string]file
	attributes []field
}

// patience bounds one question to the store.
const patience = 20 * time.Second

// New reads the front end into memory.
func New(o Options) (*Console, error) {
	files, err := readFiles(o.Files)
	if err != nil {
		return nil, fmt.Errorf("reading the front end: %w", err)
	}
	if o.Node == nil {
		o.Node = func(context.Context) Node { return Node{} }
	}
	if o.Hidden == nil {
		o.Hidden = func(*http.Request) []string { return nil }
	}
	if o.Record == nil {
		o.Record = func(*http.Request, string, map[string]string) error { return nil }
	}
	return &Console{Options: o, files: files, attributes: knownFields()}, nil
}

// Routes are the console's pages and answers, each with the duties that open it.
func (c *Console) Routes() []web.Route {
	all := web.Watchers()
	signedIn := []web.Duty{web.SignedIn}
	public := []web.Duty{web.Public}
	export := []web.Duty{web.Analyst, web.Administrator}
	get := func(pattern string, duties []web.Duty, h http.HandlerFunc) web.Route {
		return web.Route{Method: http.MethodGet, Pattern: pattern, Duties: duties, Handler: h}
	}
	routes := []web.Route{
		get("/{$}", signedIn, c.page),
		get("/now", signedIn, c.page),
		get("/incidents", signedIn, c.page),
		get("/incidents/{id}", signedIn, c.page),
		get("/response", signedIn, c.page),
		get("/response/{id}", signedIn, c.page),
		get("/safety", signedIn, c.page),
		get("/findings", signedIn, c.page),
		get("/findings/{id}", signedIn, c.page),
		get("/traffic", signedIn, c.page),
		get("/cases", signedIn, c.page),
		get("/cases/{id}", signedIn, c.page),
		get("/devices", signedIn, c.page),
		get("/devices/{id}", signedIn, c.page),
		get("/map", signedIn, c.page),
		get("/dependencies", signedIn, c.page),
		get("/sources", signedIn, c.page),
		get("/detections", signedIn, c.page),
		get("/playbooks", signedIn, c.page),
		get("/playbooks/{id}", signedIn, c.page),
		get("/oncall", signedIn, c.page),
		get("/access", signedIn, c.page),
		get("/people", signedIn, c.page),
		get("/people/{id}", signedIn, c.page),
		get("/sessions", signedIn, c.page),
		get("/settings", signedIn, c.page),
		get("/settings/{part}", signedIn, c.page),
		get("/assets/{name}", public, c.asset),
		get("/theme.js", public, c.asset),
		get("/icon.svg", public, c.asset),

		get("/api/site", signedIn, c.site),
		get("/api/now", all, c.now),
		get("/api/talkers", all, c.talkers),
		get("/api/search", all, c.search),
		get("/api/access/decisions", []web.Duty{web.Administrator, web.Approver, web.Auditor}, c.decisions),
		get("/api/histogram", all, c.histogram),
		get("/api/facets", all, c.facets),
		get("/api/peers", all, c.peers),
		get("/api/fields", all, c.fields),
		get("/api/values", all, c.values),
		get("/api/export", export, c.export),
		get("/api/node", all, c.node),
		get("/api/packets", []web.Duty{web.Analyst}, c.packets),
		get("/api/files/{sum}", []web.Duty{web.Analyst}, c.copyOf),
	}
	return append(routes, web.Route{Method: http.MethodGet, Pattern: "/api/live", Duties: all, Handler: http.HandlerFunc(c.stream)})
}

// Capture is a capture that is shown instead of the network, and the time from its first packet to its last.
type Capture struct {
	Name    string    `json:"name"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Reading bool      `json:"reading"` // it is not read to its end yet
}

func (c *Console) site(w http.ResponseWriter, _ *http.Request) {
	var shown *Capture
	if c.Capture != nil {
		shown = c.Capture()
	}
	web.JSON(w, http.StatusOK, struct {
		Site    string   `json:"site"`
		Capture *Capture `json:"capture,omitempty"`
		Packets bool     `json:"packets"` // packets are kept and can be asked for
		Copies  bool     `json:"copies"`  // so are copies of files
	}{c.Site, shown, c.Packets != nil, c.Copies != nil})
}
