package signature

import (
	"bytes"
	"path"
	"strings"
)

// maxLists is how many lists are read with the rules of a file, maxValue how long what names one may be, in bytes.
const (
	maxLists = 4096
	maxValue = 4096
)

// listsOf are the names of the files that rules look values up in: lists of datasets and of digests of files. Each stands
// beside the file of the rules, unless it is named wholly.
func listsOf(rules []byte) []string {
	var names []string
	known := map[string]bool{}
	add := func(name string) {
		name = strings.Trim(strings.TrimSpace(name), `"!`)
		if name != "" && !known[name] && len(names) < maxLists {
			known[name] = true
			names = append(names, name)
		}
	}
	for _, word := range [...]string{"dataset:", "datarep:", "filemd5:", "filesha1:", "filesha256:"} {
		for text := rules; ; {
			i := bytes.Index(text, []byte(word))
			if i < 0 {
				break
			}
			text = text[i+len(word):]
			value, _, _ := bytes.Cut(text[:min(len(text), maxValue)], []byte{';'})
			if word[0] == 'f' {
				add(string(value))
				continue
			}
			for option := range strings.SplitSeq(string(value), ",") {
				if what, name, ok := strings.Cut(strings.TrimSpace(option), " "); ok && (what == "load" || what == "state") {
					add(name)
				}
			}
		}
	}
	return names
}

// beside is the path of a list that a file of rules names.
func beside(rules, list string) string {
	if path.IsAbs(list) {
		return path.Clean(list)
	}
	return path.Join(path.Dir(rules), list)
}
