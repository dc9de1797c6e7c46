package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	cedar "github.com/cedar-policy/cedar-go"
)

// UID names an entity: its type and its id.
type UID = cedar.EntityUID

// ID is the entity of a type and an id.
func ID(kind, id string) UID { return UID{Type: cedar.EntityType(kind), ID: cedar.String(id)} }

// ParseUID reads Person::"7", or Person:7 as people type it.
func ParseUID(text string) (UID, error) {
	kind, id, ok := strings.Cut(text, "::")
	if ok && len(id) >= 2 && id[0] == '"' && id[len(id)-1] == '"' {
		id = id[1 : len(id)-1]
	} else if !ok {
		kind, id, ok = strings.Cut(text, ":")
	}
	if !ok || kind == "" || id == "" || strings.ContainsAny(kind, "\" ") || strings.ContainsAny(id, "\"\\\n") {
		return UID{}, fmt.Errorf(`%q names no entity: write Person::"7"`, text)
	}
	return ID(kind, id), nil
}

// Entity is something that policies speak of.
type Entity struct {
	UID     UID
	Parents []UID
	// Attrs are bool, int, string, time.Time, time.Duration, UID, []UID, or Attrs again.
	Attrs Attrs
}

// Attrs are named values.
type Attrs map[string]any

// value is v as Cedar has it.
func value(v any) cedar.Value {
	switch v := v.(type) {
	case bool:
		return cedar.Boolean(v)
	case int:
		return cedar.Long(v)
	case string:
		return cedar.String(v)
	case time.Time:
		return cedar.NewDatetimeFromMillis(v.UnixMilli())
	case time.Duration:
		return cedar.NewDuration(v)
	case UID:
		return v
	case []UID:
		all := make([]cedar.Value, len(v))
		for i, u := range v {
			all[i] = u
		}
		return cedar.NewSet(all...)
	case Attrs:
		return record(v)
	case cedar.Value:
		return v
	}
	panic(fmt.Sprintf("policy: %T is no value of an attribute", v))
}

func record(a Attrs) cedar.Record {
	m := make(cedar.RecordMap, len(a))
	for k, v := range a {
		m[cedar.String(k)] = value(v)
	}
	return cedar.NewRecord(m)
}

// cedar is e as the library has it.
func (e *Entity) cedar() cedar.Entity {
	return cedar.Entity{UID: e.UID, Parents: cedar.NewEntityUIDSet(e.Parents...), Attributes: record(e.Attrs)}
}

// sorted are UIDs in the order of their texts.
func sorted(all []UID) []UID {
	slices.SortFunc(all, func(a, b UID) int {
		if c := strings.Compare(string(a.Type), string(b.Type)); c != 0 {
			return c
		}
		return strings.Compare(string(a.ID), string(b.ID))
	})
	return all
}
