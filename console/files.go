package console

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

// file is one file of the front end, as it is and as most browsers take it.
type file struct {
	kind    string // media type
	plain   []byte
	gzipped []byte // nil where it would not be smaller
}

func readFiles(from fs.FS) (map[string]file, error) {
	files := map[string]file{}
	err := fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		plain, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		f := file{kind: mediaType(name), plain: plain}
		f.gzipped, err = squeeze(plain)
		files["/"+name] = f
		return err
	})
	return files, err
}

// mediaType does not depend on the machine's tables.
func mediaType(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".html":
		return "text/html; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

func squeeze(plain []byte) ([]byte, error) {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	_, err = z.Write(plain)
	if err := errors.Join(err, z.Close()); err != nil || out.Len() >= len(plain) {
		return nil, err
	}
	return out.Bytes(), nil
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Vary", "Accept-Encoding")
	body := f.plain
	if f.gzipped != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = f.gzipped
	}
	_, _ = w.Write(body)
}

const notBuilt = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Bulwark</title>
<h1>The console was not built into this program</h1>
<p>Build it and the program again: <code>npm ci &amp;&amp; npm run build</code> in the folder <code>web</code>, then <code>go build ./cmd/bulwark</code>;
or <code>make run</code>, which does both.</p></html>
`

// page answers every address of the front end with its one document, which shows what the address says.
func (c *Console) page(w http.ResponseWriter, r *http.Request) {
	f, ok := c.files["/index.html"]
	if !ok {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(notBuilt))
		return
	}
	w.Header().Set("Cache-Control", "no-cache")
	f.serve(w, r)
}

// asset answers with a file of the front end. Those in assets carry a hash of what they hold in their name.
func (c *Console) asset(w http.ResponseWriter, r *http.Request) {
	f, ok := c.files[r.URL.Path]
	if !ok {
		web404(w, r)
		return
	}
	if strings.HasPrefix(r.URL.Path, "/assets/") {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		w.Header().Set("Cache-Control", "no-cache")
	}
	f.serve(w, r)
}
