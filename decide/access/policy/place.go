package policy

import (
	"regexp"
	"strings"
)

// The library says which policy is wrong, and names what is wrong about it in words; people need the place. Here the words are found
// again in the text of the policy.

// token is a word of a text: a name, a number, a text in quotes, or a sign.
type token struct {
	text string
	at   int // byte
}

var tokens = regexp.MustCompile(`//[^\n]*|"(?:\\.|[^"\\])*"|[A-Za-z_][A-Za-z0-9_]*|[0-9]+|::|[!=<>]=|&&|\|\||\S`)

// tokenize is text without comments and space.
func tokenize(text string) (all []token) {
	for _, at := range tokens.FindAllStringIndex(text, -1) {
		if t := text[at[0]:at[1]]; !strings.HasPrefix(t, "//") {
			all = append(all, token{t, at[0]})
		}
	}
	return all
}

var (
	quoted  = regexp.MustCompile("`([^`]*)`")
	literal = regexp.MustCompile(`::"([^"]*)"$`)
)

// placeOf is the byte of text at which the thing stands that message is about; 0 where it is not found.
func placeOf(text, message string) int {
	all := tokenize(text)
	body := conditions(all)
	name := ""
	if m := quoted.FindStringSubmatch(message); m != nil {
		name = m[1]
	}
	switch {
	case strings.HasPrefix(message, "attribute "), strings.Contains(message, "optional attribute "):
		path := strings.Split(name, ".")
		return found(all, len(all), path[len(path)-1], `"`+path[len(path)-1]+`"`)
	case strings.HasPrefix(message, "unrecognized "):
		if m := literal.FindStringSubmatch(name); m != nil {
			return found(all, len(all), `"`+m[1]+`"`)
		}
		path := strings.Split(name, "::")
		return found(all, len(all), path[len(path)-1])
	case strings.Contains(message, "but saw String"):
		return foundBy(all[body:], all, func(t string) bool { return strings.HasPrefix(t, `"`) })
	case strings.Contains(message, "but saw Long"):
		return foundBy(all[body:], all, func(t string) bool { return t[0] >= '0' && t[0] <= '9' })
	}
	if body < len(all) {
		return all[body].at
	}
	return 0
}

// conditions is the number of the token with which the conditions begin: the first when or unless.
func conditions(all []token) int {
	for n, t := range all {
		if t.text == "when" || t.text == "unless" {
			return n
		}
	}
	return len(all)
}

// found is the place of the first token before end that is one of words.
func found(all []token, end int, words ...string) int {
	for _, t := range all[:end] {
		for _, w := range words {
			if t.text == w {
				return t.at
			}
		}
	}
	return 0
}

// foundBy is the place of the first of some tokens that is right; else that of the conditions.
func foundBy(some, all []token, right func(string) bool) int {
	for _, t := range some {
		if right(t.text) {
			return t.at
		}
	}
	if n := conditions(all); n < len(all) {
		return all[n].at
	}
	return 0
}

// lineOf is the line and column, in characters, of a byte of text; both begin with 1.
func lineOf(text string, at int) (line, column int) {
	before := text[:at]
	line = 1 + strings.Count(before, "\n")
	return line, 1 + len([]rune(before[strings.LastIndexByte(before, '\n')+1:]))
}
