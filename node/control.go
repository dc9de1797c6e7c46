package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"bulwark/decide/identity"
	"bulwark/observe/inventory"
	"bulwark/platform/bus/join"
	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

// The control socket lets commands on this machine ask the running program. Who may open it is whoever may open the
// data directory: the user that runs Bulwark, and root.

func controlPath(dir string) string { return filepath.Join(dir, "control.sock") }

// hostRoutes are the routes of the rooms as whoever is at this machine may use them.
func (n *Node) hostRoutes() []web.Route {
	host := func(*http.Request) (string, error) { return ledger.Host, nil }
	var all []web.Route
	all = append(all, n.logs.Doors(host).Routes()...)
	if n.identity != nil {
		all = slices.Concat(all, n.identity.HostRoutes(), n.provider.HostRoutes())
	}
	if n.inventory != nil {
		all = append(all, n.inventory.Doors(host).Routes()...)
	}
	if n.findings != nil {
		all = append(all, n.findings.Doors(host).Routes()...)
	}
	if n.incidents != nil {
		all = append(all, n.incidents.Doors(host).Routes()...)
	}
	if n.access != nil {
		all = append(all, n.access.Doors(host, nil).Routes()...)
	}
	if n.playbooks != nil {
		all = append(all, n.playbooks.Doors(host).Routes()...)
	}
	if n.notify != nil {
		all = append(all, n.notify.Doors(hostAs).Routes()...)
	}
	if n.safety != nil {
		all = slices.Concat(all, n.safety.Doors(host).Routes(), n.containment.Doors(hostAsks).Routes())
	}
	if n.above != nil {
		all = append(all, n.above.Doors(hostAs).Routes()...)
	}
	if n.rulebook != nil {
		all = append(all, n.rulebook.Doors(host).Routes()...)
	}
	if n.logRules != nil {
		all = append(all, n.logRules.Routes(host)...)
	}
	return all
}

// takeOrders answers the control socket until ctx ends.
func (n *Node) takeOrders(ctx context.Context) error {
	path := controlPath(n.dir)
	_ = os.Remove(path) // a socket that a killed program left; this one holds the lock
	l, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return errors.Join(err, l.Close())
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /setup-link", n.orderSetupLink)
	mux.HandleFunc("POST /reset-link", n.orderResetLink)
	mux.HandleFunc("POST /rules/reload", n.orderReloadRules)
	mux.HandleFunc("POST /packets", n.orderPackets)
	mux.HandleFunc("GET /files", n.orderFiles)
	mux.HandleFunc("POST /files", n.orderFile)
	mux.HandleFunc("POST /logs/open", n.orderLog)
	mux.HandleFunc("GET /nodes", n.orderNodes)
	mux.HandleFunc("POST /nodes/token", n.orderToken)
	mux.HandleFunc("POST /nodes/revoke", n.orderRevoke)
	for _, r := range n.hostRoutes() {
		mux.Handle(r.Method+" "+r.Pattern, r.Handler)
	}
	srv := &http.Server{Handler: http.MaxBytesHandler(mux, inventory.MaxImport), ReadTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { srv.Close() })
	defer stop()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// order is what a command asks.
type order struct {
	Name string        `json:"name"`
	Role join.Role     `json:"role"`
	Life time.Duration `json:"life"`
}

func answer(w http.ResponseWriter, v any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the command has gone away
}

func (n *Node) orderSetupLink(w http.ResponseWriter, r *http.Request) {
	if !n.roles.keeps() {
		answer(w, nil, errNoConsole)
		return
	}
	link, err := n.identity.SetupLink(r.Context())
	if errors.Is(err, identity.ErrSetUp) {
		err = errors.New("bulwark is set up already: its administrators invite others in the console's settings; bulwark reset-link LOGIN lets somebody choose a new password")
	}
	answer(w, n.server.URL()+link.Path, err)
}

func (n *Node) orderResetLink(w http.ResponseWriter, r *http.Request) {
	var o order
	err := json.NewDecoder(r.Body).Decode(&o)
	if err == nil && !n.roles.keeps() {
		err = errNoConsole
	}
	var link identity.Link
	if err == nil {
		link, err = n.identity.ResetLink(r.Context(), o.Name)
	}
	if errors.Is(err, identity.ErrNoPerson) || errors.Is(err, identity.ErrLogin) {
		err = fmt.Errorf("nobody who may sign in has the login %q", o.Name)
	}
	answer(w, n.server.URL()+link.Path, err)
}

var errNoConsole = errors.New("this node is a sensor alone: people sign in at the site")

var errAlone = errors.New("this node stands alone: start it with --roles site or --roles centre, so that others may join")

func (n *Node) orderNodes(w http.ResponseWriter, _ *http.Request) {
	if n.authority == nil {
		answer(w, nil, errAlone)
		return
	}
	answer(w, n.authority.Nodes(), nil)
}

func (n *Node) orderToken(w http.ResponseWriter, r *http.Request) {
	var o order
	err := json.NewDecoder(r.Body).Decode(&o)
	var token string
	if err == nil && n.authority == nil {
		err = errAlone
	}
	if err == nil {
		token, err = n.authority.NewToken(o.Name, o.Role, o.Life)
	}
	if err == nil {
		err = n.noteHost(r.Context(), "node.token", o.Name, map[string]string{"role": string(o.Role)})
	}
	answer(w, token, err)
}

func (n *Node) orderRevoke(w http.ResponseWriter, r *http.Request) {
	var o order
	err := json.NewDecoder(r.Body).Decode(&o)
	if err == nil && n.authority == nil {
		err = errAlone
	}
	if err == nil {
		err = n.authority.Revoke(o.Name)
	}
	if err == nil {
		err = n.noteHost(r.Context(), "node.revoke", o.Name, nil)
	}
	answer(w, "revoked", err)
}

// noteHost writes to the ledger what somebody at the machine did.
func (n *Node) noteHost(ctx context.Context, act, name string, detail map[string]string) error {
	_, err := n.ledger.Record(ctx, ledger.Entry{Actor: ledger.Host, Act: act, Object: "node:" + name, Outcome: ledger.Done, Detail: detail})
	return err
}

// call asks the running program, whose answer the caller closes. What it refuses is an error.
func call(cmd *cobra.Command, method, path string, o any) (*http.Response, error) {
	body, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	return callWith(cmd, method, path, "application/json", body)
}

// callWith is call with a body as it stands.
func callWith(cmd *cobra.Command, method, path, kind string, body []byte) (*http.Response, error) {
	return callWithin(cmd, 10*time.Second, method, path, kind, body)
}

// errNotRunning means that no program runs that could be asked.
var errNotRunning = errors.New("no bulwark runs")

// errNoDoor means that the program that runs has no part that could answer.
var errNoDoor = errors.New("the bulwark that runs here does not do that: its roles, or its settings, leave it out")

// callWithin is callWith that waits so long for an answer.
func callWithin(cmd *cobra.Command, wait time.Duration, method, path, kind string, body []byte) (*http.Response, error) {
	dir := dataDir(cmd)
	client := http.Client{Transport: &http.Transport{ResponseHeaderTimeout: wait,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", controlPath(dir))
		}}}
	req, err := http.NewRequestWithContext(cmd.Context(), method, "http://bulwark"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", kind)
	resp, err := client.Do(req)
	if err != nil {
		return nil, &exit{ExitFailure, fmt.Errorf("%w on %s: start it with bulwark up, or name its directory with --data", errNotRunning, dir)}
	}
	if resp.StatusCode/100 == 2 { // 201 where something was made, 204 where there is nothing to say
		return resp, nil
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	switch {
	case err != nil:
	case resp.StatusCode == http.StatusNotFound && !json.Valid(text):
		err = errNoDoor
	default:
		err = errors.New(wentWrong(text))
	}
	return nil, &exit{ExitFailure, err}
}

// wentWrong is what an answer says went wrong.
func wentWrong(text []byte) string {
	var p web.Problem
	if json.Unmarshal(text, &p) != nil {
		return string(bytes.TrimSpace(text))
	}
	if why := p.Fields["why"]; why != "" {
		return why
	}
	return p.Code
}

// ask is call for an answer in JSON.
func ask(cmd *cobra.Command, method, path string, o order, into any) error {
	resp, err := call(cmd, method, path, o)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return &exit{ExitFailure, err}
	}
	return nil
}

func setupLinkCommand(t Terminal) *cobra.Command {
	return &cobra.Command{
		Use: "setup-link", Short: "Make a new link for the first administrator", Args: nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var link string
			if err := ask(cmd, http.MethodPost, "/setup-link", order{}, &link); err != nil {
				return err
			}
			_, err := fmt.Fprintln(t.Out, link)
			return err
		},
	}
}

func resetLinkCommand(t Terminal) *cobra.Command {
	return &cobra.Command{
		Use: "reset-link LOGIN", Short: "Make a link with which somebody chooses a new password",
		Long: `Make a link, good once, with which the person of that login chooses a new password. Their sessions end. It is for
whoever holds this machine when no administrator can sign in any more; it stands in the ledger.`,
		Args: exactly("the login of somebody"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var link string
			if err := ask(cmd, http.MethodPost, "/reset-link", order{Name: args[0]}, &link); err != nil {
				return err
			}
			_, err := fmt.Fprintln(t.Out, link)
			return err
		},
	}
}

func nodesCommand(t Terminal) *cobra.Command {
	cmd := &cobra.Command{Use: "nodes", Short: "List, admit and revoke the nodes that join this one"}
	parent(cmd)
	cmd.AddCommand(&cobra.Command{
		Use: "list", Short: "List the nodes that have joined", Args: nothing,
		RunE: func(cmd *cobra.Command, _ []string) error { return listNodes(cmd, t) },
	}, tokenCommand(t), &cobra.Command{
		Use: "revoke NAME", Short: "Bar a node: its link ends at once", Args: exactly("the name of a node; bulwark nodes list shows them"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var done string
			if err := ask(cmd, http.MethodPost, "/nodes/revoke", order{Name: args[0]}, &done); err != nil {
				return err
			}
			_, err := fmt.Fprintf(t.Out, "%s is %s.\n", args[0], done)
			return err
		},
	})
	return cmd
}

func tokenCommand(t Terminal) *cobra.Command {
	var role string
	var life time.Duration
	cmd := &cobra.Command{
		Use: "token NAME", Short: "Make a one-time token with which a node of that name joins", Args: exactly("a name for the node: small letters, digits and hyphens"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var token string
			o := order{Name: args[0], Role: join.Role(role), Life: life}
			if err := ask(cmd, http.MethodPost, "/nodes/token", o, &token); err != nil {
				return err
			}
			_, err := fmt.Fprintf(t.Out, "On %s, once, within %s:\n\n  bulwark join %s\n", args[0], short(life), token)
			return err
		},
	}
	cmd.Flags().StringVar(&role, "role", string(join.Sensor), "the `role` of the node: sensor or site")
	_ = cmd.RegisterFlagCompletionFunc("role", cobra.FixedCompletions([]string{string(join.Sensor), string(join.Site)}, cobra.ShellCompDirectiveNoFileComp))
	cmd.Flags().DurationVar(&life, "life", time.Hour, "how long the token is good; at most 168h")
	return cmd
}

// short writes a duration without needless zeros: 1h, 90s as 1m30s.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func listNodes(cmd *cobra.Command, t Terminal) error {
	var nodes []join.Node
	if err := ask(cmd, http.MethodGet, "/nodes", order{}, &nodes); err != nil {
		return err
	}
	w := tabwriter.NewWriter(t.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tROLE\tJOINED\tCERTIFICATE UNTIL\tSTATE")
	for _, n := range nodes {
		state := "admitted"
		if !n.Revoked.IsZero() {
			state = "revoked " + n.Revoked.Local().Format(time.DateTime)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", n.Name, n.Role, n.Joined.Local().Format(time.DateTime), n.Expires.Local().Format(time.DateOnly), state)
	}
	return w.Flush()
}

func joinCommand(t Terminal) *cobra.Command {
	return &cobra.Command{
		Use: "join TOKEN", Short: "Join the node that made the token",
		Args: exactly("the token that bulwark nodes token printed"),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := filepath.Join(dataDir(cmd), "joined")
			id, err := join.Enrol(cmd.Context(), args[0], dir)
			if err != nil {
				return &exit{ExitFailure, err}
			}
			again := ""
			if d, _ := cmd.Flags().GetString("data"); d != "" {
				again = " --data " + d
			}
			_, err = fmt.Fprintf(t.Out, "Joined as %s. Start it with:\n\n  bulwark up --roles %s%s\n", id.Name, id.Role, again)
			return err
		},
	}
}
