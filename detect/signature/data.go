package signature

import (
	"path"
	"strings"
)

// maxLists is how many lists are read with the rules of a file.
const maxLists = 4096

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
	text := string(rules)
	for {
		i := strings.IndexAny(text, "df")
		if i < 0 {
			return names
		}
		text = text[i:]
		word, rest, ok := strings.Cut(text[:min(len(text), 4096)], ":")
		if !ok || len(word) > 10 {
			text = text[1:]
			continue
		}
		value, _, _ := strings.Cut(rest, ";")
		switch word {
		case "dataset", "datarep":
			for option := range strings.SplitSeq(value, ",") {
				if what, name, ok := strings.Cut(strings.TrimSpace(option), " "); ok && (what == "load" || what == "state") {
					add(name)
				}
			}
		case "filemd5", "filesha1", "filesha256":
			add(value)
		}
		text = text[1:]
	}
}

// beside is the path of a list that a file of rules names.
func beside(rules, list string) string {
	if path.IsAbs(list) {
		return path.Clean(list)
	}
	return path.Join(path.Dir(rules), list)
}
