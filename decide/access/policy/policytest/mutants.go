package policytest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	cedar "github.com/cedar-policy/cedar-go"
)

// Mutant is a file of policies with one thing changed, as a slip of whoever edits it would.
type Mutant struct {
	Policy string // its id
	What   string // was changed
	Text   string // of the whole file
}

// Mutants are all that can be made of a file: policies turned round or taken out, scopes widened, conditions dropped, comparisons and
// limits moved, obligations forgotten.
func Mutants(name, text string) ([]Mutant, error) {
	list, err := cedar.NewPolicyListFromBytes(name, []byte(text))
	if err != nil {
		return nil, err
	}
	m := &mutator{texts: make([]string, len(list))}
	for n, p := range list {
		m.texts[n] = string(p.MarshalCedar())
	}
	for n, p := range list {
		raw, err := p.MarshalJSON()
		if err != nil {
			return nil, err
		}
		m.tree = nil
		if err := json.Unmarshal(raw, &m.tree); err != nil {
			return nil, err
		}
		m.at, m.id = n, string(p.Annotations()["id"])
		m.policy()
	}
	return m.all, m.err
}

type mutator struct {
	texts []string // of the policies of the file
	at    int      // the policy that is changed
	id    string
	tree  map[string]any
	all   []Mutant
	err   error
}

// try changes the tree, keeps what it says then, and changes it back.
func (m *mutator) try(put func(any), was, is any, what string, args ...any) {
	put(is)
	defer put(was)
	raw, err := json.Marshal(m.tree)
	var p cedar.Policy
	if err == nil {
		err = p.UnmarshalJSON(raw)
	}
	if err != nil {
		m.err = fmt.Errorf("%s, %s: %w", m.id, fmt.Sprintf(what, args...), err)
		return
	}
	m.keep(string(p.MarshalCedar()), fmt.Sprintf(what, args...))
}

func (m *mutator) keep(text, what string) {
	all := slices.Clone(m.texts)
	all[m.at] = text
	m.all = append(m.all, Mutant{m.id, what, strings.Join(all, "\n")})
}

// at is a place in an object.
func at(in map[string]any, key string) func(any) {
	return func(v any) { in[key] = v }
}

func (m *mutator) policy() {
	m.keep("", "taken out")
	effect := map[string]string{"permit": "forbid", "forbid": "permit"}[m.tree["effect"].(string)]
	m.try(at(m.tree, "effect"), m.tree["effect"], effect, "turned into a %s", effect)
	m.obligations()
	m.scopes()
	m.actions()
	conditions := m.tree["conditions"].([]any)
	for n, c := range conditions {
		c := c.(map[string]any)
		m.try(at(m.tree, "conditions"), conditions, slices.Delete(slices.Clone(conditions), n, n+1), "without its %v", c["kind"])
		kind := map[string]string{"when": "unless", "unless": "when"}[c["kind"].(string)]
		m.try(at(c, "kind"), c["kind"], kind, "its %v is %s", c["kind"], kind)
		m.expression(at(c, "body"), c["body"])
	}
}

// obligations are forgotten one by one.
func (m *mutator) obligations() {
	notes := m.tree["annotations"].(map[string]any)
	text, _ := notes["obligation"].(string)
	if text == "" {
		return
	}
	parts := strings.Split(text, ";")
	for n, part := range parts {
		if rest := slices.Delete(slices.Clone(parts), n, n+1); len(rest) > 0 {
			m.try(at(notes, "obligation"), text, strings.Join(rest, ";"), "asks no %s", strings.TrimSpace(part))
		}
		word, who, several := strings.Cut(strings.TrimSpace(part), " ")
		if names := strings.Split(who, ","); several && len(names) > 1 {
			for w, name := range names {
				fewer := slices.Clone(parts)
				fewer[n] = word + " " + strings.Join(slices.Delete(slices.Clone(names), w, w+1), ",")
				m.try(at(notes, "obligation"), text, strings.Join(fewer, ";"), "does not %s %s", word, name)
			}
		}
	}
	bare := maps.Clone(notes)
	delete(bare, "obligation")
	m.try(at(m.tree, "annotations"), notes, bare, "asks nothing")
}

// types are what is in groups of a kind, and what actions are for. Other changes of scopes change nothing.
var types = map[string]string{
	"Role": "Person", "MachineClass": "Machine", "AppGroup": "App", "App": "App", "Area": "Door",
	"readRecord": "Record", "writeRecord": "Record", "exportRecord": "Record", "open": "App", "administer": "App", "tunnel": "App", "breakGlass": "Patient", "use": "Door",
}

// scopes are widened: to any of its type, and to machines beside people.
func (m *mutator) scopes() {
	for _, part := range []string{"principal", "resource"} {
		scope := m.tree[part].(map[string]any)
		if entity, ok := scope["entity"].(map[string]any); ok {
			kind := types[entity["type"].(string)]
			m.try(at(m.tree, part), scope, map[string]any{"op": "is", "entity_type": kind}, "for any %s", kind)
		}
		if part == "principal" && scope["op"] != "All" && !m.peoples() {
			m.try(at(m.tree, part), scope, map[string]any{"op": "All"}, "for people and machines")
		}
	}
}

// peoples reports whether the actions are those of people alone.
func (m *mutator) peoples() bool {
	entity, _ := m.tree["action"].(map[string]any)["entity"].(map[string]any)
	return entity != nil && (entity["id"] == "use" || entity["id"] == "breakGlass")
}

// kind is the type that the resource has; "": any.
func (m *mutator) kind() string {
	scope := m.tree["resource"].(map[string]any)
	if entity, ok := scope["entity"].(map[string]any); ok {
		return types[entity["type"].(string)]
	}
	kind, _ := scope["entity_type"].(string)
	return kind
}

// actions are dropped and added one by one.
func (m *mutator) actions() {
	scope := m.tree["action"].(map[string]any)
	var have []any
	switch scope["op"] {
	case "==":
		have = []any{scope["entity"]}
	case "in":
		have = scope["entities"].([]any)
	case "All":
		return
	}
	try := func(actions []any, what string, name any) {
		m.try(at(m.tree, "action"), scope, map[string]any{"op": "in", "entities": actions}, what, name)
	}
	names := map[string]bool{}
	for n, a := range have {
		id := a.(map[string]any)["id"].(string)
		names[id] = true
		if len(have) > 1 {
			try(slices.Delete(slices.Clone(have), n, n+1), "not for %s", id)
		}
	}
	for _, id := range []string{"readRecord", "writeRecord", "exportRecord", "open", "administer", "tunnel", "breakGlass", "use"} {
		if kind := m.kind(); !names[id] && (kind == "" || kind == types[id]) {
			try(append(slices.Clone(have), map[string]any{"type": "Action", "id": id}), "for %s too", id)
		}
	}
}

// swapped are what is easily written for an operator.
var swapped = map[string][]string{
	"&&": {"||"}, "||": {"&&"}, "==": {"!="}, "!=": {"=="}, "<": {"<=", ">="}, "<=": {"<", ">"}, ">": {">=", "<="}, ">=": {">", "<"},
	"containsAny": {"containsAll"},
}

// expression changes what a condition says.
func (m *mutator) expression(put func(any), node any) {
	object, _ := node.(map[string]any)
	for op, v := range object { // there is one
		sides, _ := v.(map[string]any)
		for _, other := range swapped[op] {
			m.try(put, node, map[string]any{other: v}, "%s for %s in %s", other, op, words(node))
		}
		switch op {
		case "&&", "||":
			m.try(put, node, sides["left"], "without %s", words(sides["right"]))
			m.try(put, node, sides["right"], "without %s", words(sides["left"]))
			m.sides(sides)
		case "!":
			m.try(put, node, sides["arg"], "without the no of %s", words(sides["arg"]))
			m.expression(at(sides, "arg"), sides["arg"])
		case "==", "!=", "<", "<=", ">", ">=", "in":
			for _, side := range []string{"left", "right"} {
				m.limit(at(sides, side), sides[side])
			}
		}
	}
}

func (m *mutator) sides(of map[string]any) {
	for _, side := range []string{"left", "right"} {
		m.expression(at(of, side), of[side])
	}
}

// limit moves what something is compared with: a number by one, a time by half and double; of a list it drops each.
func (m *mutator) limit(put func(any), node any) {
	object, _ := node.(map[string]any)
	if n, ok := object["Value"].(float64); ok {
		m.try(put, node, map[string]any{"Value": n - 1}, "%v for %v", n-1, n)
		m.try(put, node, map[string]any{"Value": n + 1}, "%v for %v", n+1, n)
	}
	if d, ok := object["duration"].([]any); ok {
		var n int
		var unit string
		text := d[0].(map[string]any)["Value"].(string)
		if _, err := fmt.Sscanf(text, "%d%s", &n, &unit); err != nil {
			m.err = fmt.Errorf("%s: the time %q: %w", m.id, text, err)
			return
		}
		minutes := n * map[string]int{"m": 1, "h": 60}[unit]
		for _, moved := range []int{minutes / 2, minutes * 2} {
			other := fmt.Sprintf("%dm", moved)
			m.try(put, node, map[string]any{"duration": []any{map[string]any{"Value": other}}}, "%s for %s", other, text)
		}
	}
	if all, ok := object["Set"].([]any); ok {
		for n := range all {
			m.try(put, node, map[string]any{"Set": slices.Delete(slices.Clone(all), n, n+1)}, "without %s", words(all[n]))
		}
	}
}

// words are a node as a reader may find it again.
func words(node any) string {
	switch n := node.(type) {
	case map[string]any:
		if op, ok := n["."].(map[string]any); ok {
			return words(op["left"]) + "." + op["attr"].(string)
		}
		if entity, ok := n["__entity"].(map[string]any); ok {
			return fmt.Sprintf("%v::%q", entity["type"], entity["id"])
		}
		key := slices.Collect(maps.Keys(n))[0] // there is one
		op, ok := n[key].(map[string]any)
		switch {
		case key == "Value" || key == "Var" || key == "Set":
			return words(n[key])
		case ok && op["left"] != nil && op["right"] != nil:
			return words(op["left"]) + " " + key + " " + words(op["right"])
		case ok && op["attr"] != nil:
			return fmt.Sprint(words(op["left"]), " ", key, " ", op["attr"])
		case ok && op["entity_type"] != nil:
			return fmt.Sprint(words(op["left"]), " ", key, " ", op["entity_type"])
		case ok:
			return key + words(op["arg"])
		}
		return key + words(n[key])
	case []any:
		var all []string
		for _, x := range n {
			all = append(all, words(x))
		}
		return "(" + strings.Join(all, ", ") + ")"
	}
	return fmt.Sprint(node)
}
