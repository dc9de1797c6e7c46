package action

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"bulwark/content/actions"
)

// What one answer may take.
const (
	toAnswer   = 5 * time.Second
	mostAnswer = 1 << 20 // bytes
	mostDepth  = 64      // of elements within elements
)

// session asks one device.
type session struct {
	p      *Point
	client *http.Client
	header [2]string // empty until there is something to show
}

func (p *Point) open(ctx context.Context) (*session, error) {
	secret, err := p.device.Secret.Reveal()
	if err != nil {
		return nil, err
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if p.device.Authority != "" {
		pem, err := os.ReadFile(p.device.Authority)
		if err != nil {
			return nil, fmt.Errorf("reading the authority of %s: %w", p.device.Name, err)
		}
		if c.RootCAs = x509.NewCertPool(); !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s has no certificate", p.device.Authority)
		}
	}
	s := &session{p: p, client: &http.Client{
		Timeout:       toAnswer,
		Transport:     &http.Transport{TLSClientConfig: c, MaxResponseHeaderBytes: 64 << 10, TLSHandshakeTimeout: toAnswer},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}} // elsewhere nobody gets the secret
	word, shown := "{secret}", secret
	if p.action.Token.Method != "" {
		word = "{token}"
		if shown, err = s.token(ctx, secret); err != nil {
			s.close()
			return nil, err
		}
	}
	name, value, _ := strings.Cut(p.action.Header, ": ")
	s.header = [2]string{name, strings.ReplaceAll(value, word, shown)}
	return s, nil
}

func (s *session) close() { s.client.CloseIdleConnections() }

// held reports whether the act is in force for one round. It notes what was found for it.
func (s *session) held(ctx context.Context, v map[string]string) (bool, error) {
	if s.p.lately(v) {
		return true, nil
	}
	if find := &s.p.action.Find; find.Method != "" && v["found"] == "" {
		root, err := s.send(ctx, find, v)
		if err != nil {
			return false, err
		}
		var found []string
		for _, one := range root.nodes(find.Each) {
			if one.all(find.Expect, v) {
				found = append(found, one.values(find.Pick)...)
			}
		}
		if len(found) != 1 || !plain.MatchString(found[0]) {
			return false, fmt.Errorf("%w: %s knows %d devices called %q", ErrAnswer, s.p.device.Name, len(found), v["name"])
		}
		v["found"] = found[0]
	}
	root, err := s.send(ctx, &s.p.action.Verify, v)
	if err != nil {
		return false, err
	}
	if at := &s.p.action.Verify; at.Newest != "" {
		root = root.newest(at.Each, at.Newest)
		if root.parts != nil && !root.all(at.Expect, v) {
			return false, fmt.Errorf("%w: %s: the last that was asked is on its way still, or is not what is expected", ErrAnswer, s.p.device.Name)
		}
	}
	held := root.all(s.p.action.Verify.Held, v)
	if held {
		s.p.note(v)
	}
	return held, nil
}

// newest is the last of a list by a time in each; one without a time that can be read is before all others. Of an empty list it is empty.
func (n *node) newest(each, at string) *node {
	last, when := &node{}, time.Time{}
	for _, one := range n.nodes(each) {
		t := time.Time{}
		if text := one.values(at); len(text) == 1 {
			t, _ = time.Parse(time.RFC3339, text[0])
		}
		if last.parts == nil || t.After(when) {
			last, when = one, t
		}
	}
	return last
}

// said is a request as people read it: all but the header with the secret.
func (s *session) said(r *actions.Request, v map[string]string) string {
	return strings.TrimSpace(r.Method + " " + s.address(r, v) + " " + actions.Fill(r.Body, v))
}

func (s *session) address(r *actions.Request, v map[string]string) string {
	q := url.Values{}
	for _, x := range r.Query {
		name, value, _ := strings.Cut(x, "=")
		q.Add(name, actions.Fill(value, v))
	}
	u := s.p.device.URL + actions.Fill(r.Path, v)
	if r.URL != "" {
		u = actions.Fill(r.URL, v)
	}
	if len(q) > 0 {
		u += "?" + q.Encode()
	}
	return u
}

// send sends one request, and reads the answer, which must be a good one.
func (s *session) send(ctx context.Context, r *actions.Request, v map[string]string) (*node, error) {
	q, err := http.NewRequestWithContext(ctx, r.Method, s.address(r, v), strings.NewReader(actions.Fill(r.Body, v)))
	if err != nil {
		return nil, err
	}
	if s.header[0] != "" {
		q.Header.Set(s.header[0], s.header[1])
	}
	q.Header.Set("User-Agent", "Bulwark")
	if r.Type != "" {
		q.Header.Set("Content-Type", r.Type)
	}
	answer, err := s.client.Do(q)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, mostAnswer+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > mostAnswer:
		return nil, fmt.Errorf("%w: %s %s said more than %d bytes", ErrAnswer, r.Method, q.URL.Path, mostAnswer)
	case answer.StatusCode == http.StatusUnauthorized && s.header[0] != "":
		s.p.refuse()
		fallthrough
	case !slices.Contains(r.Status, answer.StatusCode):
		return nil, fmt.Errorf("%w: %s %s: %s", ErrAnswer, r.Method, q.URL.Path, http.StatusText(answer.StatusCode))
	}
	root, err := parse(r.Format, text)
	if err != nil {
		return nil, fmt.Errorf("%w: %s %s: %w", ErrAnswer, r.Method, q.URL.Path, err)
	}
	for _, x := range r.Expect {
		if r.Each == "" && !root.says(x, v) {
			return nil, fmt.Errorf("%w: %s %s: %s is not %q", ErrAnswer, r.Method, q.URL.Path, x.At, actions.Fill(x.Is, v))
		}
	}
	return root, nil
}

// node is a part of an answer: a value, or what has names. Lists are several nodes of one name.
type node struct {
	value string
	parts map[string][]*node
}

func (n *node) add(name string, p *node) {
	if n.parts == nil {
		n.parts = map[string][]*node{}
	}
	n.parts[name] = append(n.parts[name], p)
}

// nodes are those at a place: names with points between them.
func (n *node) nodes(at string) (all []*node) {
	name, rest, deeper := strings.Cut(at, ".")
	if !deeper {
		return n.parts[name]
	}
	for _, p := range n.parts[name] {
		all = append(all, p.nodes(rest)...)
	}
	return all
}

// values are those that stand at a place.
func (n *node) values(at string) (all []string) {
	for _, p := range n.nodes(at) {
		if p.parts == nil {
			all = append(all, p.value)
		}
	}
	return all
}

// all reports whether all is said.
func (n *node) all(says []actions.Says, v map[string]string) bool {
	return !slices.ContainsFunc(says, func(x actions.Says) bool { return !n.says(x, v) })
}

// says reports whether a value stands at a place. Capitals do not matter.
func (n *node) says(x actions.Says, v map[string]string) bool {
	want := actions.Fill(x.Is, v)
	return slices.ContainsFunc(n.values(x.At), func(got string) bool { return strings.EqualFold(got, want) })
}

func parse(format string, text []byte) (*node, error) {
	root := &node{}
	switch format {
	case "json":
		var x any
		if err := json.Unmarshal(text, &x); err != nil {
			return nil, errors.New("it is no JSON")
		}
		root.take("", x)
		if top := root.parts[""]; len(top) == 1 {
			return top[0], nil
		}
	case "xml":
		return root, readXML(xml.NewDecoder(strings.NewReader(string(text))), root, 0)
	}
	return root, nil
}

// take takes a value of JSON by a name; each element of a list is one by that name.
func (n *node) take(name string, x any) {
	switch x := x.(type) {
	case map[string]any:
		p := &node{parts: map[string][]*node{}}
		for _, key := range slices.Sorted(maps.Keys(x)) {
			p.take(key, x[key])
		}
		n.add(name, p)
	case []any:
		for _, one := range x {
			n.take(name, one)
		}
	case nil:
	default:
		n.add(name, &node{value: fmt.Sprint(x)})
	}
}

// readXML reads what is within an element; an element without any has its text as its value.
func readXML(d *xml.Decoder, n *node, depth int) error {
	if depth > mostDepth {
		return errors.New("its elements are too deep")
	}
	for {
		t, err := d.Token()
		switch {
		case errors.Is(err, io.EOF) && depth == 0 && n.parts != nil:
			return nil
		case err != nil:
			return errors.New("it is no XML")
		}
		switch t := t.(type) {
		case xml.StartElement:
			p := &node{}
			for _, a := range t.Attr {
				p.add("@"+a.Name.Local, &node{value: a.Value})
			}
			n.add(t.Name.Local, p)
			if err := readXML(d, p, depth+1); err != nil {
				return err
			}
		case xml.CharData:
			n.value = strings.TrimSpace(n.value + string(t))
		case xml.EndElement:
			return nil
		}
	}
}
