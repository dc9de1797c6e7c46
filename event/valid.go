package event

// ValidJSON reports whether s is one JSON value (RFC 8259) that stands on one line: line ends between its parts are refused, and so
// is what is nested deeper than maxNested.
func ValidJSON(s string) bool {
	end := jsonValue(s, blank(s, 0), 0)
	return end >= 0 && blank(s, end) == len(s)
}

const maxNested = 256

// blank is where behind at something stands.
func blank(s string, at int) int {
	for at < len(s) && (s[at] == ' ' || s[at] == '\t') {
		at++
	}
	return at
}

// jsonValue is the end of the value that begins at a place; -1: there is none.
func jsonValue(s string, at, depth int) int {
	if at >= len(s) || depth > maxNested {
		return -1
	}
	switch c := s[at]; {
	case c == '"':
		return jsonString(s, at)
	case c == '{':
		return jsonMembers(s, at, '}', depth)
	case c == '[':
		return jsonMembers(s, at, ']', depth)
	case c == '-' || c >= '0' && c <= '9':
		return jsonNumber(s, at)
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if len(s)-at >= len(word) && s[at:at+len(word)] == word {
			return at + len(word)
		}
	}
	return -1
}

// jsonMembers is the end of the object or list that begins at a place.
func jsonMembers(s string, at int, end byte, depth int) int {
	at = blank(s, at+1)
	if at < len(s) && s[at] == end {
		return at + 1
	}
	for {
		if end == '}' {
			if at = jsonString(s, at); at < 0 {
				return -1
			}
			if at = blank(s, at); at >= len(s) || s[at] != ':' {
				return -1
			}
			at = blank(s, at+1)
		}
		if at = jsonValue(s, at, depth+1); at < 0 {
			return -1
		}
		switch at = blank(s, at); {
		case at >= len(s):
			return -1
		case s[at] == end:
			return at + 1
		case s[at] != ',':
			return -1
		}
		at = blank(s, at+1)
	}
}

// jsonString is the end of the string that begins at a place.
func jsonString(s string, at int) int {
	if at >= len(s) || s[at] != '"' {
		return -1
	}
	for at++; at < len(s); at++ {
		switch c := s[at]; {
		case c == '"':
			return at + 1
		case c < 0x20:
			return -1
		case c == '\\':
			if at = jsonEscape(s, at+1); at < 0 {
				return -1
			}
		}
	}
	return -1
}

// jsonEscape is the last byte of the escape that goes on at a place.
func jsonEscape(s string, at int) int {
	if at >= len(s) {
		return -1
	}
	switch s[at] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return at
	case 'u':
		for range 4 {
			at++
			if at >= len(s) || !hexDigit(s[at]) {
				return -1
			}
		}
		return at
	}
	return -1
}

func hexDigit(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}

// jsonNumber is the end of the number that begins at a place.
func jsonNumber(s string, at int) int {
	if s[at] == '-' {
		at++
	}
	whole := digits(s, at)
	if whole == at || s[at] == '0' && whole > at+1 {
		return -1
	}
	at = whole
	if at < len(s) && s[at] == '.' {
		from := at + 1
		if at = digits(s, from); at == from {
			return -1
		}
	}
	if at < len(s) && s[at]|0x20 == 'e' {
		from := at + 1
		if from < len(s) && (s[from] == '+' || s[from] == '-') {
			from++
		}
		if at = digits(s, from); at == from {
			return -1
		}
	}
	return at
}

// digits is where behind at something else than digits stands.
func digits(s string, at int) int {
	for at < len(s) && s[at] >= '0' && s[at] <= '9' {
		at++
	}
	return at
}
