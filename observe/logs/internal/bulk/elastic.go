package bulk

import (
	"encoding/json"
	"net/http"
	"path"
	"strings"
)

// version is that of Elasticsearch that shippers are told: Beats refuse an older one than themselves.
const version = "9.99.0"

// Discover answers what shippers ask before they send: which product and version this is, its licence, whether templates, policies,
// pipelines, aliases and data streams are there (all that they look for are), and to make them (they are made). It does nothing.
func Discover(w http.ResponseWriter, r *http.Request) {
	Head(w)
	first, rest, _ := strings.Cut(strings.Trim(path.Clean(r.URL.Path), "/"), "/")
	switch {
	case r.Method == http.MethodPut, r.Method == http.MethodPost && (first == "_monitoring" || first == "_aliases"):
		Say(w, http.StatusOK, map[string]any{"acknowledged": true, "shards_acknowledged": true, "index": first})
	case r.Method != http.MethodGet && r.Method != http.MethodHead && first != "_security":
		Refuse(w, http.StatusMethodNotAllowed, "illegal_argument_exception", "this takes in logs, and no more")
	case first == "_cat":
		w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
		_, _ = w.Write([]byte("0 00:00:00 bulwark green 1 1 0 0 0 0 0 0 - 100.0%\n"))
	default:
		Say(w, http.StatusOK, answer(first, rest))
	}
}

// answer is what is asked for.
func answer(first, rest string) any {
	license := map[string]any{"status": "active", "uid": "bulwark", "type": "basic", "mode": "basic"}
	there := map[string]any{"available": true, "enabled": true}
	switch first {
	case "":
		return map[string]any{"name": "bulwark", "cluster_name": "bulwark", "cluster_uuid": "bulwark", "tagline": "You Know, for Search",
			"version": map[string]any{"number": version, "build_flavor": "default", "build_type": "docker", "build_snapshot": false,
				"lucene_version": "10.0.0", "minimum_wire_compatibility_version": "7.17.0", "minimum_index_compatibility_version": "7.0.0"}}
	case "_license":
		return map[string]any{"license": license}
	case "_xpack":
		return map[string]any{"build": map[string]any{}, "license": license,
			"features": map[string]any{"ilm": there, "security": there, "monitoring": there, "data_streams": there}}
	case "_cluster":
		return map[string]any{"cluster_name": "bulwark", "status": "green", "timed_out": false, "number_of_nodes": 1, "number_of_data_nodes": 1,
			"active_shards": 1, "unassigned_shards": 0}
	case "_nodes":
		return map[string]any{"cluster_name": "bulwark", "nodes": map[string]any{"bulwark": map[string]any{"name": "bulwark", "version": version,
			"roles": []string{"data", "ingest", "master"}, "ingest": map[string]any{"processors": []any{}}}}}
	case "_security":
		return map[string]any{"username": "bulwark", "has_all_requested": true, "cluster": map[string]any{}, "index": map[string]any{}}
	case "_index_template":
		return map[string]any{"index_templates": []any{map[string]any{"name": rest}}}
	case "_data_stream":
		return map[string]any{"data_streams": []any{map[string]any{"name": rest, "status": "GREEN"}}}
	case "_ilm":
		return map[string]any{path.Base(rest): map[string]any{"version": 1, "policy": map[string]any{"phases": map[string]any{}}}, "operation_mode": "RUNNING"}
	}
	return map[string]any{}
}

// Head says that this answers like Elasticsearch: its clients ask for that.
func Head(w http.ResponseWriter) { w.Header().Set("X-Elastic-Product", "Elasticsearch") }

// Say answers an object of JSON.
func Say(w http.ResponseWriter, status int, body any) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// Refuse answers why a request is refused, as Elasticsearch does.
func Refuse(w http.ResponseWriter, status int, kind, reason string) {
	Head(w)
	cause := map[string]any{"type": kind, "reason": reason}
	Say(w, status, map[string]any{"status": status, "error": map[string]any{"type": kind, "reason": reason, "root_cause": []any{cause}}})
}
