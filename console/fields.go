package console

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"bulwark/event"
	"bulwark/platform/store"
	"bulwark/platform/web"
)

var fieldName = regexp.MustCompile(`^[A-Za-z0-9_@][A-Za-z0-9_.@-]{0,126}$`)

// field is one attribute that events can have.
type field struct {
	Name  string   `json:"name"`
	Alias string   `json:"alias,omitempty"` // the short name that means this attribute alone
	Type  string   `json:"type"`
	Kinds []string `json:"kinds"`
}

// alias is a short name that stands for several attributes.
type alias struct {
	Name  string   `json:"name"`
	Paths []string `json:"paths"`
}

// knownFields lists the attributes: those of every event first, then those of the kinds, in their order.
func knownFields() []field {
	all := []field{}
	at := map[string]int{}
	add := func(name, kind, t string) {
		i, ok := at[name]
		if !ok {
			i = len(all)
			at[name] = i
			all = append(all, field{Name: name, Type: t, Kinds: []string{}})
		}
		if kind != "" {
			all[i].Kinds = append(all[i].Kinds, kind)
		}
	}
	for _, n := range []string{event.AttrKind, event.AttrSensor, event.AttrSite, event.AttrID, event.AttrProto, event.AttrSrcIP, event.AttrDstIP} {
		add(n, "", "text")
	}
	for _, n := range []string{event.AttrFlow, event.AttrSrcPort, event.AttrDstPort, event.AttrVLAN} {
		add(n, "", "number")
	}
	for _, k := range event.Kinds() {
		for _, a := range event.Attributes(k) {
			add(a.Path, k.String(), a.Type)
		}
	}
	for _, a := range store.Aliases() {
		if i, ok := at[a.Paths[0]]; ok && len(a.Paths) == 1 && a.Name != a.Paths[0] {
			all[i].Alias = a.Name
		}
	}
	return all
}

// unknown tells whether no event can have an attribute of that name.
func (c *Console) unknown(name string) bool {
	if own, ok := strings.CutPrefix(name, event.FieldPrefix); ok && fieldName.MatchString(own) {
		return false // what a log says has the names that its product gives
	}
	return !slices.ContainsFunc(c.attributes, func(f field) bool { return f.Name == name })
}

// fields lists what can be searched for.
func (c *Console) fields(w http.ResponseWriter, _ *http.Request) {
	answer := struct {
		Fields  []field `json:"fields"`
		Aliases []alias `json:"aliases"`
	}{Fields: c.attributes}
	for _, a := range store.Aliases() {
		if len(a.Paths) > 1 {
			answer.Aliases = append(answer.Aliases, alias{a.Name, a.Paths})
		}
	}
	web.JSON(w, http.StatusOK, answer)
}
