package action

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bulwark/platform/clock"
	"bulwark/platform/conf"
)

// maker answers as the public documents of some device say.
type maker struct {
	mu   sync.Mutex
	held map[string]int // what is in force, and for how many seconds
	seen []string       // requests that change something
}

func (m *maker) set(key string, seconds int, what string) {
	m.held[key] = seconds
	m.seen = append(m.seen, what)
}

func (m *maker) clear(key, what string) {
	delete(m.held, key)
	m.seen = append(m.seen, what)
}

// fortios is a FortiGate: FortiOS REST API, monitor/user/banned.
func (m *maker) fortios(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Addresses []string `json:"ip_addresses"`
		Expiry    int      `json:"expiry"`
	}
	if r.Header.Get("Authorization") != "Bearer token-1" || r.URL.Query().Get("vdom") != "root" {
		http.Error(w, "", http.StatusUnauthorized)
		return
	}
	if r.Method == "POST" && (r.Header.Get("Content-Type") != "application/json" || json.NewDecoder(r.Body).Decode(&body) != nil || len(body.Addresses) == 0) {
		http.Error(w, "", http.StatusBadRequest)
		return
	}
	out := map[string]any{"http_method": r.Method, "status": "success", "vdom": "root"}
	switch r.Method + " " + r.URL.Path {
	case "POST /api/v2/monitor/user/banned/add_users":
		for _, a := range body.Addresses {
			m.set(a, body.Expiry, "add "+a)
		}
	case "POST /api/v2/monitor/user/banned/clear_users":
		for _, a := range body.Addresses {
			m.clear(a, "clear "+a)
		}
	case "GET /api/v2/monitor/user/banned/select":
		list := []any{}
		for a, s := range m.held {
			list = append(list, map[string]any{"ip_address": a, "source": "Administrative", "created": 1, "expires": s})
		}
		out["results"] = list
	default:
		http.NotFound(w, r)
		return
	}
	_ = json.NewEncoder(w).Encode(out)
}

// panos is a PAN-OS firewall: XML API, type=user-id and type=op.
func (m *maker) panos(w http.ResponseWriter, r *http.Request) {
	type entry struct {
		IP  string `xml:"ip,attr"`
		Tag struct {
			Member struct {
				Name    string `xml:",chardata"`
				Timeout int    `xml:"timeout,attr"`
			} `xml:"member"`
		} `xml:"tag"`
	}
	var message struct {
		XMLName    xml.Name `xml:"uid-message"`
		Type       string   `xml:"type"`
		Register   []entry  `xml:"payload>register>entry"`
		Unregister []entry  `xml:"payload>unregister>entry"`
	}
	q := r.URL.Query()
	switch {
	case r.Header.Get("X-PAN-KEY") != "token-1":
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `<response status="error" code="403"><result><msg>Invalid Credential</msg></result></response>`)
	case q.Get("type") == "op" && q.Get("cmd") == `<show><object><registered-ip><tag><entry name="bulwark"/></tag></registered-ip></object></show>`:
		_, _ = io.WriteString(w, `<response status="success"><result>`)
		for a := range m.held {
			fmt.Fprintf(w, `<entry ip="%s" from_agent="0" persistent="0"><tag><member>bulwark</member></tag></entry>`, a)
		}
		fmt.Fprintf(w, `<count>%d</count></result></response>`, len(m.held))
	case q.Get("type") == "user-id" && r.Method == "POST" && xml.Unmarshal([]byte(q.Get("cmd")), &message) == nil && message.Type == "update":
		for _, e := range message.Register {
			m.set(e.IP, e.Tag.Member.Timeout, "register "+e.IP+" "+e.Tag.Member.Name)
		}
		for _, e := range message.Unregister {
			m.clear(e.IP, "unregister "+e.IP+" "+e.Tag.Member.Name)
		}
		_, _ = io.WriteString(w, `<response status="success"><result><uid-response><version>2.0</version><payload/></uid-response></result></response>`)
	default:
		_, _ = io.WriteString(w, `<response status="error" code="17"><msg><line>bad command</line></msg></response>`)
	}
}

// harfanglab is a manager of HarfangLab: /api/data/endpoint/Agent.
func (m *maker) harfanglab(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Token token-1" {
		http.Error(w, `{"detail":"Invalid token."}`, http.StatusUnauthorized)
		return
	}
	agents := map[string]string{"id-1": "pc-accueil-3", "id-2": "pc-accueil-30", "id-3": "twin", "id-4": "TWIN"}
	agent := func(id string) map[string]any {
		return map[string]any{"id": id, "hostname": agents[id], "isolation_policy": false, "isolation_state": m.held[id] > 0}
	}
	id := strings.Split(strings.TrimPrefix(r.URL.Path, "/api/data/endpoint/Agent/"), "/")[0]
	switch {
	case r.Method == "GET" && id == "":
		list := []any{}
		for _, id := range []string{"id-1", "id-2", "id-3", "id-4"} {
			if strings.HasPrefix(strings.ToLower(agents[id]), strings.ToLower(r.URL.Query().Get("hostname"))) {
				list = append(list, agent(id))
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"count": len(list), "results": list})
	case agents[id] == "":
		http.NotFound(w, r)
	case r.Method == "GET":
		_ = json.NewEncoder(w).Encode(agent(id))
	case strings.HasSuffix(r.URL.Path, "/isolate/"):
		m.set(id, 1, "isolate "+id)
		_ = json.NewEncoder(w).Encode(map[string]any{"requested": []string{id}, "unrequested": []string{}})
	case strings.HasSuffix(r.URL.Path, "/deisolate/"):
		m.clear(id, "deisolate "+id)
		_ = json.NewEncoder(w).Encode(map[string]any{"requested": []string{id}})
	}
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// point is the enforcement point for a server in the test.
func point(t *testing.T, action string, h http.HandlerFunc, settings ...string) *Point {
	t.Helper()
	server := httptest.NewTLSServer(h)
	t.Cleanup(server.Close)
	authority := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	points, err := New(Config{Devices: []Device{{Name: "edge", Action: action, URL: server.URL, Authority: authority, Secret: conf.NewSecret("token-1"), Settings: settings}}}, clock.NewManual(noon))
	if err != nil {
		t.Fatal(err)
	}
	return points[0]
}

// TestContracts runs each shipped action against a server that answers as its public documents say.
func TestContracts(t *testing.T) {
	four, six := netip.MustParseAddr("192.0.2.66"), netip.MustParseAddr("2001:db8::66")
	for _, tt := range []struct {
		action   string
		settings []string
		answer   func(*maker) http.HandlerFunc
		o        Order
		done     []string
		undone   []string
		seconds  int
		planned  string
	}{
		{"fortios-ban", []string{"vdom=root"}, func(m *maker) http.HandlerFunc { return m.fortios }, Order{ID: 1, Addresses: []netip.Addr{four, six}},
			[]string{"add 192.0.2.66", "add 2001:db8::66"}, []string{"clear 192.0.2.66", "clear 2001:db8::66"}, 3600, `{"ip_addresses":["192.0.2.66"],"expiry":3600}`},
		{"panos-tag", []string{"tag=bulwark"}, func(m *maker) http.HandlerFunc { return m.panos }, Order{ID: 1, Addresses: []netip.Addr{four, six}},
			[]string{"register 192.0.2.66 bulwark", "register 2001:db8::66 bulwark"}, []string{"unregister 192.0.2.66 bulwark", "unregister 2001:db8::66 bulwark"}, 3600, "type=user-id"},
		{"harfanglab-isolate", nil, func(m *maker) http.HandlerFunc { return m.harfanglab }, Order{ID: 1, Name: "PC-Accueil-3"},
			[]string{"isolate id-1"}, []string{"deisolate id-1"}, 1, "/api/data/endpoint/Agent/id-1/isolate/"},
	} {
		t.Run(tt.action, func(t *testing.T) {
			m := &maker{held: map[string]int{}}
			p := point(t, tt.action, func(w http.ResponseWriter, r *http.Request) {
				m.mu.Lock()
				defer m.mu.Unlock()
				tt.answer(m)(w, r)
			}, tt.settings...)
			tt.o.Until = noon.Add(time.Hour)
			plan, err := p.Try(t.Context(), tt.o)
			if err != nil || !strings.Contains(plan[0], tt.planned) || strings.Contains(strings.Join(plan, ""), "token-1") || len(m.seen) > 0 {
				t.Fatalf("the plan is %q, %v after %v; want %q in it, and nothing done", plan, err, m.seen, tt.planned)
			}
			if tt.o.Memo, err = p.Prepare(t.Context(), tt.o); err != nil {
				t.Fatal(err)
			}
			expect := func(want, undo []Order, held bool, seen []string) {
				t.Helper()
				refused, err := p.Drive(t.Context(), want, undo)
				if err != nil || len(refused) > 0 {
					t.Fatal(refused, err)
				}
				all, unknown, err := p.Read(t.Context(), []Order{tt.o})
				if err != nil || len(unknown) > 0 || all[1] != held {
					t.Errorf("held %v, unknown %v, %v; want held to be %v", all, unknown, err, held)
				}
				if !slices.Equal(m.seen, seen) {
					t.Errorf("it was told %q, want %q", m.seen, seen)
				}
			}
			for range 2 { // doing it again changes nothing
				expect([]Order{tt.o}, nil, true, tt.done)
			}
			for key, seconds := range m.held {
				if seconds != tt.seconds {
					t.Errorf("%s ends after %d seconds, want %d", key, seconds, tt.seconds)
				}
			}
			if _, err := p.Try(t.Context(), tt.o); !errors.Is(err, ErrSo) {
				t.Errorf("again: error %v, want %v", err, ErrSo)
			}
			for range 2 {
				expect(nil, []Order{tt.o}, false, slices.Concat(tt.done, tt.undone))
			}
			p.device.Secret = conf.NewSecret("wrong")
			if _, unknown, _ := p.Read(t.Context(), []Order{tt.o}); !errors.Is(unknown[1], ErrAnswer) {
				t.Errorf("with a wrong secret: unknown %v, want %v", unknown, ErrAnswer)
			}
		})
	}
}

// A computer that is called almost so, or two that are called so, are not isolated.
func TestTheWrongComputer(t *testing.T) {
	m := &maker{held: map[string]int{}}
	p := point(t, "harfanglab-isolate", m.harfanglab)
	for _, name := range []string{"pc-accueil", "twin", "nobody", "", "../x", `a"b`} {
		if plan, err := p.Try(t.Context(), Order{ID: 1, Name: name, Until: noon}); err == nil {
			t.Errorf("%q: planned %q", name, plan)
		}
	}
}

// Whatever a device answers, nothing is reported as done that it does not hold by its own word, and nobody else gets the secret.
func TestHostileAnswers(t *testing.T) {
	elsewhere := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the request was sent elsewhere") }))
	defer elsewhere.Close()
	gate := make(chan struct{})
	defer close(gate)
	say := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
	}
	for name, h := range map[string]http.HandlerFunc{
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+"/api", http.StatusTemporaryRedirect)
		},
		"more than can be read": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"status":"success","x":"`)
			for range 3 << 20 / 4096 {
				_, _ = w.Write(make([]byte, 4096))
			}
		},
		"never an end":      func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"a page to sign in": say("<html>please sign in</html>"),
		"half an answer":    say(`{"status":"success","results":[{"ip_address":"192.0.2`),
		"nothing":           say(""),
		"a failure":         say(`{"status":"error","results":[{"ip_address":"192.0.2.66"}]}`),
		"another shape":     say(`[["success"]]`),
		"depth":             say(strings.Repeat("[", 1<<19)),
	} {
		t.Run(name, func(t *testing.T) {
			p := point(t, "fortios-ban", h, "vdom=root")
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			o := Order{ID: 1, Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.66")}, Until: noon.Add(time.Hour), Memo: "ours"}
			if refused, err := p.Drive(ctx, []Order{o}, nil); err == nil && refused[1] == nil {
				t.Error("it was taken as done")
			}
			held, unknown, err := p.Read(ctx, []Order{o})
			if held[1] || err == nil && unknown[1] == nil {
				t.Errorf("held %v, unknown %v, %v; want it unknown", held, unknown, err)
			}
		})
	}
	t.Run("a lie", func(t *testing.T) {
		p := point(t, "fortios-ban", say(`{"status":"success","results":[]}`), "vdom=root")
		o := Order{ID: 1, Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.66")}, Until: noon.Add(time.Hour), Memo: "ours"}
		if refused, err := p.Drive(t.Context(), []Order{o}, nil); err != nil || refused[1] != nil {
			t.Fatal(refused, err)
		}
		if held, unknown, err := p.Read(t.Context(), []Order{o}); held[1] || unknown[1] != nil || err != nil {
			t.Errorf("held %v, unknown %v, %v; want it not held", held, unknown, err)
		}
	})
}

// A file of the site's own that cannot be read stops the start, with its line; what a device needs must be there.
func TestConfiguration(t *testing.T) {
	dir := t.TempDir()
	text, err := os.ReadFile(filepath.Join("..", "..", "content", "actions", "fortios-ban.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	device := Device{Name: "edge", Action: "fortios-ban", URL: "https://192.0.2.1", Secret: conf.NewSecret("x"), Settings: []string{"vdom=root"}}
	for name, tt := range map[string]struct{ from, to, want string }{
		"as it is":          {"", "", ""},
		"an unknown key":    {"of: address", "off: address", `fortios-ban.yaml:8: off`},
		"an unknown word":   {"expiry\":{seconds}", "expiry\":{minutes}", `fortios-ban.yaml:11: do: {minutes} is none of`},
		"a newer form":      {"form: 1", "form: 2", `fortios-ban.yaml:2: form: 2 is not 1`},
		"another act":       {"act: ban", "act: erase", `fortios-ban.yaml:7: act`},
		"a path elsewhere":  {"path: /api/v2/monitor/user/banned/select", "path: //evil/../x", `path`},
		"nothing read back": {"  held: [{at: results.ip_address, is: \"{address}\"}]\n", "", `verify`},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(filepath.Join(dir, "fortios-ban.yaml"), []byte(strings.Replace(string(text), tt.from, tt.to, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := New(Config{Folder: dir, Devices: []Device{device}}, clock.System{})
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !regexp.MustCompile(regexp.QuoteMeta(tt.want)).MatchString(err.Error())) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
	for name, edit := range map[string]func(*Device){"no such action": func(d *Device) { d.Action = "x" }, "no setting": func(d *Device) { d.Settings = nil },
		"a setting that is more than a word": func(d *Device) { d.Settings = []string{`vdom=a"b`} }} {
		d := device
		edit(&d)
		if _, err := New(Config{Devices: []Device{d}}, clock.System{}); err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
	for name, edit := range map[string]func(*Device){"no TLS": func(d *Device) { d.URL = "http://192.0.2.1" }, "no secret": func(d *Device) { d.Secret = conf.Secret{} },
		"a path": func(d *Device) { d.URL = "https://192.0.2.1/x" }, "no name": func(d *Device) { d.Name = "" }} {
		d := device
		edit(&d)
		c := Config{Devices: []Device{d}}
		if err := c.Check(); err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
}
