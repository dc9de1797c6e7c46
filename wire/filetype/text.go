package filetype

import (
	"bytes"
	"unicode/utf8"
)

// byText tells the types that are text; Binary or Unknown where head is none.
func byText(head []byte) Type {
	switch {
	case len(head) == 0:
		return Unknown
	case len(head) >= 256 && bytes.HasPrefix(head, []byte("0       ")) && head[8] >= ' ':
		return EDF // EDF §2.1.1: the version, eight characters
	case isPKCS12(head):
		return PKCS12
	case len(head) >= 54 && string(head[:2]) == "BM" && string(head[6:10]) == "\x00\x00\x00\x00" && head[15] == 0:
		return BMP
	case len(head) >= 4 && head[0] == 0xff && head[1]&0xe6 == 0xe2 && head[2]&0xf0 != 0xf0 && head[2] != 0:
		return MP3 // MPEG 1 and 2 layer III: a frame without a tag before it
	}
	text, wide := plain(head)
	if wide {
		return wideText(head)
	}
	if text == nil {
		return Binary
	}
	return ofText(text)
}

// plain is head as text without its byte order mark and leading blanks; nil where it is no text. wide says that it is
// UTF-16.
func plain(head []byte) (text []byte, wide bool) {
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return nil, true
	}
	for _, b := range head {
		if b < ' ' && (b > '\r' || b < '\t') && b != 0x1b && b != 0x1c {
			return nil, false
		}
	}
	if len(head) < enough && !nearlyUTF8(head) && mostlyUpper(head) {
		return nil, false
	}
	text = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	return bytes.TrimLeft(text, " \t\r\n\v\f"), false
}

// nearlyUTF8 reports whether head is UTF-8, but for a letter that is cut at its end.
func nearlyUTF8(head []byte) bool {
	for i := 0; i < len(head); {
		if head[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(head[i:])
		if r == utf8.RuneError && n == 1 {
			return len(head) == Head && len(head)-i < utf8.UTFMax
		}
		i += n
	}
	return true
}

// enough bytes without one of the lower controls are text in whatever alphabet: noise has one in ten.
const enough = 64

// mostlyUpper reports whether more than a third of head is outside ASCII.
func mostlyUpper(head []byte) bool {
	upper := 0
	for _, b := range head {
		if b >= utf8.RuneSelf {
			upper++
		}
	}
	return upper > len(head)/3
}

// wideText tells the few types that come in UTF-16.
func wideText(head []byte) Type {
	narrow := make([]byte, 0, 128)
	at := 2
	if head[0] == 0xfe {
		at = 3
	}
	for ; at < len(head) && len(narrow) < cap(narrow); at += 2 {
		narrow = append(narrow, head[at])
	}
	if t := ofText(bytes.TrimLeft(narrow, " \t\r\n")); t != HTML && t != JSON {
		return t
	}
	return PlainText
}

// starts are what texts of a type begin with; case does not count.
var starts = [...]struct {
	text string
	t    Type
}{
	{"<?php", PHP}, {"@echo off", Batch}, {"windows registry editor version", RegistryFile}, {"regedit4", RegistryFile},
	{"[internetshortcut]", URLFile}, {"msh|^~\\&", HL7}, {"fhs|^~\\&", HL7}, {"bhs|^~\\&", HL7}, {"\x0bmsh|^~\\&", HL7}, {"h|\\^&", ASTM},
	{"-----begin rsa private key", PrivateKey}, {"-----begin ec private key", PrivateKey}, {"-----begin private key", PrivateKey},
	{"-----begin dsa private key", PrivateKey}, {"-----begin encrypted private key", PrivateKey},
	{"-----begin openssh private key", PrivateKey}, {"-----begin pgp private key", PGPKey}, {"-----begin certificate", Certificate},
	{"screen mode id:i:", RDPFile}, {"full address:s:", RDPFile}, {"<job", WSF}, {"<package>", WSF},
	{"<!doctype html", HTML}, {"<html", HTML}, {"<head", HTML}, {"<body", HTML}, {"<script", HTML}, {"<iframe", HTML}, {"<table", HTML},
	{"<title", HTML}, {"<?xml", XML}, {"<svg", SVG},
	{"received: ", MIMEMail}, {"return-path: ", MIMEMail}, {"delivered-to: ", MIMEMail}, {"mime-version: ", MIMEMail},
	{"message-id: ", MIMEMail}, {"x-sender: ", MIMEMail},
}

func ofText(text []byte) Type {
	if bytes.HasPrefix(text, []byte("#!")) {
		return Shebang
	}
	for i := range starts {
		s := &starts[i]
		if len(text) < len(s.text) || !bytes.EqualFold(text[:len(s.text)], []byte(s.text)) {
			continue
		}
		switch s.t {
		case XML:
			return ofXML(text)
		case HTML:
			return ofHTML(text)
		case WSF:
			if !holds(text, "<script") {
				return PlainText
			}
		}
		return s.t
	}
	switch {
	case len(text) > 1 && text[0] == '<' && (letter(text[1]) || text[1] == '!'):
		return ofXML(text)
	case len(text) > 0 && (text[0] == '{' || text[0] == '['):
		return ofJSON(text)
	}
	return PlainText
}

func letter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

// holds reports whether text, which is in lower case, stands in head in whatever case.
func holds(head []byte, text string) bool {
	for i := 0; i+len(text) <= len(head); i++ {
		if head[i]|0x20 == text[0]|0x20 && bytes.EqualFold(head[i:i+len(text)], []byte(text)) {
			return true
		}
	}
	return false
}

func ofHTML(text []byte) Type {
	if holds(text, "<hta:application") {
		return HTA
	}
	return HTML
}

// ofXML tells a document by its first element.
func ofXML(text []byte) Type {
	name, rest := element(text)
	switch {
	case string(name) == "ClinicalDocument" && bytes.Contains(rest, []byte("urn:hl7-org:v3")):
		return CDA
	case string(name) == "AnnotatedECG":
		return AECG
	case bytes.Contains(rest, []byte("http://hl7.org/fhir\"")) || bytes.Contains(rest, []byte("http://hl7.org/fhir'")):
		return FHIR
	case string(name) == "svg":
		return SVG
	case bytes.EqualFold(name, []byte("html")):
		return ofHTML(text)
	case (string(name) == "job" || string(name) == "package") && holds(rest, "<script"):
		return WSF
	case len(name) == 0:
		return PlainText
	case bytes.HasPrefix(text, []byte("<?xml")) || bytes.Contains(rest, []byte("xmlns")):
		return XML
	}
	return PlainText
}

// element is the local name of the first element of a document, and what stands from there to the end of its tag.
func element(text []byte) (name, tag []byte) {
	for {
		i := bytes.IndexByte(text, '<')
		if i < 0 || i+1 >= len(text) {
			return nil, nil
		}
		text = text[i+1:]
		switch {
		case bytes.HasPrefix(text, []byte("!--")):
			_, text, _ = bytes.Cut(text, []byte("-->"))
		case text[0] == '!' || text[0] == '?':
		case letter(text[0]) || text[0] == '_':
			end := bytes.IndexAny(text, " \t\r\n/>")
			if end < 0 {
				end = len(text)
			}
			name = text[:end]
			if colon := bytes.IndexByte(name, ':'); colon >= 0 {
				name = name[colon+1:]
			}
			return name, text
		}
	}
}

// ofJSON tells JSON from texts that only begin like it.
func ofJSON(text []byte) Type {
	rest := bytes.TrimLeft(text[1:], " \t\r\n")
	if len(rest) == 0 {
		return PlainText
	}
	object := text[0] == '{' && (rest[0] == '"' || rest[0] == '}')
	list := text[0] == '[' && (rest[0] == '{' || rest[0] == '"' || rest[0] == '[' || rest[0] == ']' || rest[0] == '-' || rest[0] >= '0' && rest[0] <= '9')
	switch {
	case object && bytes.Contains(text, []byte(`"resourceType"`)):
		return FHIR
	case object || list:
		return JSON
	}
	return PlainText
}

// isPKCS12 reports whether head begins a PFX (RFC 7292 §4): a sequence, the version 3, and the content that is signed.
func isPKCS12(head []byte) bool {
	if len(head) < 30 || head[0] != 0x30 {
		return false
	}
	at := 2
	if head[1] >= 0x80 {
		at += int(head[1] & 0x7f)
	}
	return at < 10 && bytes.HasPrefix(head[at:], []byte("\x02\x01\x03\x30")) &&
		bytes.Contains(head[at:30], []byte("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"))
}
