package engine

import (
	"fmt"
	"strings"
	"testing"
)

func TestFilesOfHTTP(t *testing.T) {
	pdf, program := "%PDF-1.7 the report", "MZ"+strings.Repeat("\x00", 80)
	form := "--b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nnot a file\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"report.pdf\"\r\nContent-Type: application/pdf\r\n\r\n" + pdf + "\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"g\"; filename=\"tool.exe\"\r\n\r\n" + program + "\r\n--b--\r\n"
	image := strings.Repeat("\x00", 128) + "DICM"
	objects := "--b\r\nContent-Type: application/dicom\r\n\r\n" + image + "\r\n--b\r\nContent-Type: application/dicom\r\n\r\n" + image + "2\r\n--b--"
	get := func(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n" }
	post := func(media, body string) string {
		return fmt.Sprintf("POST /up/load HTTP/1.1\r\nHost: h\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", media, len(body), body)
	}
	answer := func(head, body string) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s", head, len(body), body)
	}
	for _, c := range []struct {
		name    string
		words   []word
		want    []string
		secrets []string
		files   int
	}{
		{"a document, by the last part of its path", []word{up(get("/a/b%20c.pdf?x=1")), down(answer("Content-Type: application/pdf\r\n", pdf))},
			[]string{`"file.name":"b c.pdf"`, `"file.sha256":"` + sha(pdf), `"file.detected_type":"pdf"`, `"activity_name":"Read"`}, nil, 1},
		{"the name that the server gives", []word{up(get("/x")), down(answer("Content-Type: text/plain\r\nContent-Disposition: attachment; filename=\"list.csv\"\r\n", "a;b"))},
			[]string{`"file.name":"list.csv"`}, nil, 1},
		{"a page is none", []word{up(get("/")), down(answer("Content-Type: text/html\r\n", "<html>"))}, nil, nil, 0},
		{"a program that is said to be a picture", []word{up(get("/cat.png")), down(answer("Content-Type: image/png\r\n", program))},
			[]string{`"file.detected_type":"dos"`, `"file.category":"executable"`, `"file.mime_type":"image/png"`}, nil, 1},
		{"a packed document", []word{up(get("/r.pdf")), down(answer("Content-Type: application/pdf\r\nContent-Encoding: gzip\r\n", gzipped(pdf)))},
			[]string{`"file.sha256":"` + sha(pdf), fmt.Sprintf(`"file.packed_size":%d`, len(gzipped(pdf)))}, nil, 1},
		{"the files of a form, without its other fields", []word{up(post("multipart/form-data; boundary=b", form)), down(answer("", ""))},
			[]string{`"file.name":"report.pdf"`, `"file.sha256":"` + sha(pdf), `"file.name":"tool.exe"`, `"file.sha256":"` + sha(program), `"activity_name":"Write"`}, []string{"not a file"}, 2},
		{"a form that is cut", []word{up(post("multipart/form-data; boundary=b", form)[:420])}, []string{`"file.name":"report.pdf"`}, nil, 2},
		{"each object of DICOM over the web", []word{up(get("/rs/studies/1.2")), down(answer("Content-Type: multipart/related; type=\"application/dicom\"; boundary=b\r\n", objects))},
			[]string{`"file.sha256":"` + sha(image), `"file.sha256":"` + sha(image+"2"), `"file.detected_type":"dicom"`}, nil, 2},
		{"a patient in the path", []word{up(get("/fhir/Binary/x?patient=PAT4711")), down(answer("Content-Type: application/pdf\r\n", pdf)),
			up(get("/fhir/Patient/PAT4711")), down(answer("Content-Type: application/octet-stream\r\n", "x"))}, []string{`"file.name":"p~`}, []string{`"file.name":"PAT4711"`}, 2},
	} {
		got := played(t, c.words...)
		t.Run(c.name, func(t *testing.T) { tells(t, got, c.want, c.secrets) })
		if n := strings.Count(got, `"kind":"fileinfo"`); n != c.files {
			t.Errorf("%s: got %d files, want %d, in\n%s", c.name, n, c.files, got)
		}
	}
}
