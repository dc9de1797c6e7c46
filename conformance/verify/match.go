package verify

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Judge is why the records do not fulfil the check; empty when they do.
func (c *Check) Judge(records []map[string]any) string {
	n := 0
	for _, r := range records {
		if c.matches(r) {
			n++
		}
	}
	if n == c.Count {
		return ""
	}
	why := fmt.Sprintf("%d records, want %d, with %s", n, c.Count, c.describe())
	if n < c.Count {
		why += c.nearest(records)
	}
	return why
}

func (c *Check) matches(r map[string]any) bool {
	for i := range c.Match {
		if !c.Match[i].holds(r) {
			return false
		}
	}
	return true
}

func (c *Check) describe() string {
	var all []string
	for _, m := range c.Match {
		all = append(all, m.Key+"="+flat(m.Want))
		if len(all) == 3 {
			break
		}
	}
	return strings.Join(all, " ")
}

func flat(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		return n.Value
	}
	var all []string
	for _, c := range n.Content {
		all = append(all, flat(c))
	}
	return "[" + strings.Join(all, " ") + "]"
}

// nearest says what is wrong with the record of the right type that comes closest.
func (c *Check) nearest(records []map[string]any) string {
	best, wrong := -1, []string(nil)
	for _, r := range records {
		good, bad := 0, []string(nil)
		rightType := true
		for i := range c.Match {
			m := &c.Match[i]
			if m.holds(r) {
				good++
				continue
			}
			rightType = rightType && m.Key != "event_type"
			bad = append(bad, fmt.Sprintf("%s %v not %s", m.Key, show(Find(m.Key, r)), flat(m.Want)))
		}
		if rightType && good > best {
			best, wrong = good, bad
		}
	}
	if best < 0 {
		return "; no record of that type"
	}
	if len(wrong) == 0 {
		return ""
	}
	return "; the nearest has " + strings.Join(wrong, ", ")
}

func show(v any) any {
	if v == nil {
		return "(none)"
	}
	return v
}

// holds reports whether r fulfils the condition.
func (m *Condition) holds(r map[string]any) bool {
	switch m.Key {
	case "has-key":
		return Find(m.Want.Value, r) != nil
	case "not-has-key":
		return Find(m.Want.Value, r) == nil
	}
	key, op := m.Key, ""
	if at := strings.LastIndex(key, ".__"); at >= 0 {
		key, op = key[:at], key[at+3:]
	}
	v := Find(key, r)
	switch s, _ := v.(string); op {
	case "":
		return equal(v, m.Want)
	case "len":
		return equal(json.Number(strconv.Itoa(length(v))), m.Want)
	case "find", "contains":
		return v != nil && strings.Contains(s, m.Want.Value)
	case "startswith":
		return v != nil && strings.HasPrefix(s, m.Want.Value)
	case "endswith":
		return v != nil && strings.HasSuffix(s, m.Want.Value)
	}
	return compareNumber(v, m.Want, op)
}

func compareNumber(v any, want *yaml.Node, op string) bool {
	n, ok := v.(json.Number)
	if !ok {
		return false
	}
	got, err := n.Float64()
	if err != nil {
		return false
	}
	than, err := strconv.ParseFloat(want.Value, 64)
	if err != nil {
		return false
	}
	switch op {
	case "gt":
		return got > than
	case "gte":
		return got >= than
	case "lt":
		return got < than
	case "lte":
		return got <= than
	}
	return false
}

func length(v any) int {
	switch v := v.(type) {
	case string:
		return len([]rune(v))
	case []any:
		return len(v)
	case map[string]any:
		return len(v)
	}
	return -1
}

var indexed = regexp.MustCompile(`^(.*)\[(\d+)\]$`)

// Find is the value at a path such as dns.answers[0].rrname; nil where there is none.
func Find(path string, r map[string]any) any {
	var at any = r
	for part := range strings.SplitSeq(path, ".") {
		name, index := part, -1
		if m := indexed.FindStringSubmatch(part); m != nil {
			name = m[1]
			index, _ = strconv.Atoi(m[2]) // digits
		}
		object, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = object[name]
		if index >= 0 {
			list, ok := at.([]any)
			if !ok || index >= len(list) {
				return nil
			}
			at = list[index]
		}
	}
	return at
}

// equal compares as Python would: a number is never equal to its text.
func equal(v any, want *yaml.Node) bool {
	switch want.Kind {
	case yaml.SequenceNode:
		list, ok := v.([]any)
		return ok && slices.EqualFunc(list, want.Content, equal)
	case yaml.MappingNode:
		object, ok := v.(map[string]any)
		if !ok || len(object) != len(want.Content)/2 {
			return false
		}
		for i := 0; i+1 < len(want.Content); i += 2 {
			if !equal(object[want.Content[i].Value], want.Content[i+1]) {
				return false
			}
		}
		return true
	case yaml.AliasNode:
		return equal(v, want.Alias)
	}
	switch want.ShortTag() {
	case "!!null":
		return v == nil
	case "!!bool":
		b, ok := v.(bool)
		return ok && b == (strings.EqualFold(want.Value, "true") || strings.EqualFold(want.Value, "yes") || strings.EqualFold(want.Value, "on"))
	case "!!int", "!!float":
		n, ok := v.(json.Number)
		return ok && sameNumber(n, want.Value)
	}
	s, ok := v.(string)
	return ok && s == want.Value
}

func sameNumber(n json.Number, want string) bool {
	if a, err := strconv.ParseUint(n.String(), 10, 64); err == nil {
		if b, err := strconv.ParseUint(want, 0, 64); err == nil {
			return a == b
		}
	}
	a, errA := n.Float64()
	b, errB := strconv.ParseFloat(want, 64)
	return errA == nil && errB == nil && a == b
}
