package dicomweb

import (
	"bytes"
	"iter"
)

// resource reads the path of an address. sure says that it has a UID where DICOM has one.
func (in *Interaction) resource(path []byte) (sure, ok bool) {
	rest := path
	for len(rest) > 0 {
		at := len(path) - len(rest)
		var name []byte
		name, rest = segment(rest)
		switch string(name) {
		case "studies", "series", "instances", "workitems":
			in.Base = path[:at]
			return in.below(name, rest)
		}
	}
	return false, false
}

// segment cuts the first segment off a path.
func segment(path []byte) (name, rest []byte) {
	path = bytes.TrimPrefix(path, []byte("/"))
	if i := bytes.IndexByte(path, '/'); i >= 0 {
		return path[:i], path[i:]
	}
	return path, nil
}

// below reads what stands behind the first collection: UIDs and collections in turns, and a last word.
func (in *Interaction) below(collection, rest []byte) (sure, ok bool) {
	for depth := 0; depth < 4; depth++ {
		in.Level = levels(collection)
		in.Action = "Search"
		var name []byte
		if name, rest = segment(rest); len(name) == 0 {
			return sure, true
		}
		if !isUID(name) {
			return false, false
		}
		sure = true
		switch string(collection) {
		case "studies":
			in.Study = name
		case "series":
			in.Series = name
		default:
			in.Instance = name
		}
		in.Action = "Retrieve"
		if name, rest = segment(rest); len(name) == 0 {
			return true, true
		}
		collection = name
		switch string(name) {
		case "series", "instances":
		default:
			return true, in.suffix(name, rest)
		}
	}
	return false, false
}

func levels(collection []byte) string {
	switch string(collection) {
	case "studies":
		return "study"
	case "series":
		return "series"
	case "workitems":
		return "workitem"
	}
	return "instance"
}

// suffix reads the word behind a UID that says what is asked of it (PS3.18 §10.4.1, §11.4 to §11.11).
func (in *Interaction) suffix(word, rest []byte) bool {
	switch string(word) {
	case "metadata":
		in.Action = "Retrieve Metadata"
	case "rendered":
		in.Action = "Retrieve Rendered"
	case "thumbnail":
		in.Action = "Retrieve Thumbnail"
	case "bulkdata", "pixeldata":
		in.Action, in.Level = "Retrieve Bulkdata", "bulkdata"
	case "frames":
		in.Action, in.Level = "Retrieve Frames", "frame"
		in.Frames, rest = segment(rest)
		if last, _ := segment(rest); string(last) == "rendered" {
			in.Action = "Retrieve Rendered"
		}
	case "state":
		in.Action = "Change State"
	case "cancelrequest":
		in.Action = "Request Cancellation"
	case "subscribers":
		in.Action = "Subscribe"
	default:
		return false
	}
	return true
}

// act joins the method with what the address says.
func (in *Interaction) act(method []byte) bool {
	if in.Level == "workitem" {
		return in.work(method)
	}
	switch string(method) {
	case "GET", "HEAD":
		in.Service = WADO
		if in.Action == "Search" {
			in.Service = QIDO
		}
	case "POST", "PUT":
		if in.Level != "study" || in.Action != "Search" && in.Action != "Retrieve" {
			return false
		}
		in.Service, in.Action = STOW, "Store"
	case "DELETE":
		in.Service, in.Action = STOW, "Delete"
	case "":
		in.Service = WADO // the request was not seen
	default:
		return false
	}
	return true
}

// work joins the method with an address of the worklist (PS3.18 §11).
func (in *Interaction) work(method []byte) bool {
	in.Service = UPS
	switch string(method) {
	case "GET", "HEAD":
	case "POST":
		switch in.Action {
		case "Search":
			in.Action = "Create"
		case "Retrieve":
			in.Action = "Update"
		}
	case "PUT":
		if in.Action == "Retrieve" {
			in.Action = "Update"
		}
	case "DELETE":
		if in.Action != "Subscribe" {
			return false
		}
		in.Action = "Unsubscribe"
	default:
		return false
	}
	return true
}

// Keys yields the names and values of a query, as sent.
func Keys(query []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		for len(query) > 0 {
			var pair []byte
			pair, query, _ = bytes.Cut(query, []byte("&"))
			name, value, _ := bytes.Cut(pair, []byte("="))
			if len(name) > 0 && !yield(name, value) {
				return
			}
		}
	}
}

// AppendValue appends a value of a query with its escapes resolved (RFC 3986 §2.1; a plus is a space).
func AppendValue(dst, value []byte) []byte {
	for i := 0; i < len(value); i++ {
		c := value[i]
		switch {
		case c == '+':
			c = ' '
		case c == '%' && i+2 < len(value) && hex(value[i+1]) >= 0 && hex(value[i+2]) >= 0:
			c = byte(hex(value[i+1])<<4 | hex(value[i+2]))
			i += 2
		}
		dst = append(dst, c)
	}
	return dst
}

func hex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
