package health

import "strings"

// Text is one sentence in the two languages of the program. {name} stands for the argument of that name.
type Text struct {
	FR string `json:"fr"`
	EN string `json:"en"`
}

// Args are the values that a text names, by name: "interface": "eth1".
type Args map[string]string

// fill puts args in place of the {names} of t. A name without a value stays as it is.
func (t Text) fill(args Args) Text {
	if len(args) == 0 {
		return t
	}
	pairs := make([]string, 0, 2*len(args))
	for k, v := range args {
		pairs = append(pairs, "{"+k+"}", v)
	}
	r := strings.NewReplacer(pairs...)
	return Text{FR: r.Replace(t.FR), EN: r.Replace(t.EN)}
}

// names lists the {names} of s.
func names(s string) []string {
	var out []string
	for {
		_, rest, ok := strings.Cut(s, "{")
		if !ok {
			return out
		}
		name, after, ok := strings.Cut(rest, "}")
		if !ok {
			return out
		}
		out = append(out, name)
		s = after
	}
}
