package fhir

import (
	"bytes"
	"strconv"
)

// body is what the beginning of a resource says of itself.
type body struct {
	resource       string
	bundleType     []byte
	total, entries int
	severity, code []byte
	version        []byte // fhirVersion of a CapabilityStatement
}

// maxLook is how far into a body its type must stand.
const maxLook = 256

// mayHoldResource tells cheaply whether a body may be a resource: by its media type, its first byte, and a word that it must hold.
func mayHoldResource(mediaType, p []byte) bool {
	if len(p) < len(`{"resourceType":"Flag"}`) || len(mediaType) > 0 && !contains2(mediaType, "json", "xml") {
		return false
	}
	head := p[:min(len(p), maxLook)]
	switch p[0] {
	case '{', ' ', '\n', '\r', '\t':
		return bytes.Contains(head, []byte(`"resourceType"`))
	case '<', 0xEF:
		return bytes.Contains(head, []byte(`http://hl7.org/fhir"`))
	}
	return false
}

func contains2(p []byte, a, b string) bool {
	return bytes.Contains(p, []byte(a)) || bytes.Contains(p, []byte(b))
}

// read reads the beginning of a resource.
func (b *body) read(p []byte) {
	*b = body{total: -1}
	if bytes.IndexByte(p[:min(len(p), 8)], '<') >= 0 {
		b.readXML(p)
		return
	}
	b.readJSON(p)
}

// readJSON walks a JSON object, whose end may be missing, and takes members of its outermost level and of its first issue.
func (b *body) readJSON(p []byte) {
	depth := 0
	var top, key []byte // the member of the outermost level, and of the present one
	for i := 0; i < len(p); {
		switch p[i] {
		case '{', '[':
			depth++
			if depth == 3 && p[i] == '{' && string(top) == "entry" {
				b.entries++
			}
			key = nil
		case '}', ']':
			depth--
			key = nil
		case ',':
			key = nil
		case '"':
			s, end := jsonString(p, i)
			if end == 0 {
				return // cut within
			}
			i = end
			if key == nil {
				key = s
				if depth == 1 {
					top = s
				}
			} else {
				b.member(depth, top, key, s)
			}
			continue
		case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
			end := i
			for end < len(p) && (p[end] >= '0' && p[end] <= '9' || p[end] == '-') {
				end++
			}
			if depth == 1 && string(key) == "total" && end < len(p) {
				b.total = number(p[i:end])
			}
			i = end
			continue
		}
		i++
	}
}

// jsonString is the string that begins at p[i], without its quotation marks and with its escapes, and where it ends.
func jsonString(p []byte, i int) (s []byte, end int) {
	for j := i + 1; j < len(p); j++ {
		switch p[j] {
		case '\\':
			j++
		case '"':
			return p[i+1 : j], j + 1
		}
	}
	return nil, 0
}

// member takes a member whose value is a string.
func (b *body) member(depth int, top, key, value []byte) {
	switch {
	case depth == 1 && string(key) == "resourceType" && b.resource == "":
		b.resource = typeName(value)
	case depth == 1 && string(key) == "type":
		b.bundleType = value
	case depth == 1 && string(key) == "fhirVersion":
		b.version = value
	case depth == 3 && string(top) == "issue" && string(key) == "severity" && b.severity == nil:
		b.severity = value
	case depth == 3 && string(top) == "issue" && string(key) == "code" && b.code == nil:
		b.code = value
	}
}

func number(p []byte) int {
	n, err := strconv.Atoi(string(p))
	if err != nil || n < 0 {
		return -1
	}
	return n
}

// readXML looks for the same in XML (xml.html): the root element names the type, values stand in attributes.
func (b *body) readXML(p []byte) {
	root := p
	for {
		i := bytes.IndexByte(root, '<')
		if i < 0 || i+1 >= len(root) {
			return
		}
		root = root[i+1:]
		if root[0] != '?' && root[0] != '!' {
			break
		}
	}
	end := 0
	for end < len(root) && root[end] > ' ' && root[end] != '>' && root[end] != '/' {
		end++
	}
	b.resource = typeName(root[:end])
	switch b.resource {
	case "Bundle":
		b.bundleType = xmlValue(root, "<type value=\"")
		if total := xmlValue(root, "<total value=\""); total != nil {
			b.total = number(total)
		}
		b.entries = bytes.Count(root, []byte("<entry>"))
	case "OperationOutcome":
		b.severity, b.code = xmlValue(root, "<severity value=\""), xmlValue(root, "<code value=\"")
	case "CapabilityStatement", "Conformance":
		b.version = xmlValue(root, "<fhirVersion value=\"")
	}
}

func xmlValue(p []byte, tag string) []byte {
	i := bytes.Index(p, []byte(tag))
	if i < 0 {
		return nil
	}
	p = p[i+len(tag):]
	if end := bytes.IndexByte(p, '"'); end >= 0 {
		return p[:end]
	}
	return nil
}
