package action

import (
	"cmp"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// maker answers as the public documents of some device say.
type maker struct {
	mu   sync.Mutex
	held map[string]int // what is in force, and for how many seconds
	seen []string       // requests that change something

	// of a maker that does what it is asked later
	actions       []map[string]any
	status        string // of further ones; empty: Succeeded
	tokens, reads int    // how often it was asked for a token, and what is so
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

// stormshield is a firewall of Stormshield: REST API of SNS 5, banned-ip-list.
func (m *maker) stormshield(w http.ResponseWriter, r *http.Request) {
	address, ok := strings.CutPrefix(r.URL.Path, "/papi/v1/banned-ip-list/addresses/")
	var body struct {
		Duration int `json:"duration_s"`
	}
	say := func(status int, success bool, code string) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"success": success, "result": map[string]any{"code": code, "message": "-"}})
	}
	switch {
	case r.Header.Get("Authorization") != "Bearer token-1":
		say(http.StatusUnauthorized, false, "EAUTH")
	case !ok || address == "":
		say(http.StatusNotFound, false, "ENOENT")
	case r.Method == "PUT" && json.NewDecoder(r.Body).Decode(&body) == nil:
		m.set(address, body.Duration, "ban "+address)
		say(http.StatusCreated, true, "ESUCCESS")
	case r.Method == "GET" && m.held[address] == 0:
		say(http.StatusNotFound, false, "ENOENT")
	case r.Method == "GET":
		say(http.StatusOK, true, "ESUCCESS")
	case r.Method == "DELETE":
		m.clear(address, "free "+address)
		w.WriteHeader(http.StatusNoContent)
	}
}

// defender is Microsoft Defender for Endpoint, with the token service of the identity platform beside it.
func (m *maker) defender(w http.ResponseWriter, r *http.Request) {
	id := strings.Split(strings.TrimPrefix(r.URL.Path, "/api/machines/"), "/")[0]
	action := func(kind, at string) map[string]any {
		return map[string]any{"id": at, "type": kind, "machineId": "0f1e", "status": cmp.Or(m.status, "Succeeded"), "creationDateTimeUtc": at}
	}
	switch {
	case r.Method == "POST" && r.URL.Path == "/tenant-1/oauth2/v2.0/token":
		m.tokens++
		want := url.Values{"grant_type": {"client_credentials"}, "client_id": {"client-1"}, "client_secret": {"token-1"}, "scope": {"https://api.securitycenter.microsoft.com/.default"}}
		if r.Header.Get("Authorization") != "" || r.ParseForm() != nil || r.PostForm.Encode() != want.Encode() {
			http.Error(w, `{"error":"invalid_client"}`, http.StatusUnauthorized)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"token_type": "Bearer", "expires_in": 3599, "access_token": "ey.J0.x"})
		return
	case r.Header.Get("Authorization") != "Bearer ey.J0.x":
		http.Error(w, "", http.StatusUnauthorized)
	case r.URL.Path == "/api/machines" && r.URL.Query().Get("$filter") == "computerDnsName eq 'PC-Accueil-3.ad.example'":
		_ = json.NewEncoder(w).Encode(map[string]any{"value": []any{map[string]any{"id": "0f1d", "computerDnsName": "pc-accueil-3.ad.example", "onboardingStatus": "Offboarded"},
			map[string]any{"id": "0f1e", "computerDnsName": "pc-accueil-3.ad.example", "onboardingStatus": "Onboarded"}}})
	case r.URL.Path == "/api/machineactions" && strings.HasPrefix(r.URL.Query().Get("$filter"), "machineId eq '0f1e' and "):
		m.reads++
		_ = json.NewEncoder(w).Encode(map[string]any{"value": m.actions})
	case r.Method == "POST" && id == "0f1e" && strings.HasSuffix(r.URL.Path, "/isolate"):
		m.set(id, 1, "isolate "+id)
		m.actions = append(m.actions, action("Isolate", "2026-11-22T12:00:01.5Z"))
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(m.actions[len(m.actions)-1])
	case r.Method == "POST" && id == "0f1e" && strings.HasSuffix(r.URL.Path, "/unisolate"):
		m.clear(id, "unisolate "+id)
		m.actions = append([]map[string]any{action("Unisolate", "2026-11-22T12:30:00Z")}, m.actions...)
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(m.actions[0])
	default:
		http.NotFound(w, r)
	}
}
