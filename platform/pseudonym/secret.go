package pseudonym

import "bytes"

// secretWords stand in front of what nobody else should read.
var secretWords = [...]string{"password", "passwd", "passphrase", "pwd", "secret", "token", "api_key", "apikey", "authorization"}

// WithoutSecrets appends a text with a mask in place of what stands behind a word such as password and an equals
// sign, a colon or "is".
func WithoutSecrets(dst, text []byte) []byte {
	for len(text) > 0 {
		at, end := secretWord(text)
		if at < 0 {
			return append(dst, text...)
		}
		value := secretValue(text[end:])
		dst = append(dst, text[:end+value.from]...)
		if value.to > value.from {
			dst = append(dst, mask...)
		}
		text = text[end+value.to:]
	}
	return dst
}

// mask stands in place of a secret.
const mask = "****"

// extent is where something stands.
type extent struct{ from, to int }

// secretValue is where the value stands that a word is followed by; empty when there is none.
func secretValue(b []byte) extent {
	i := 0
	for i < len(b) && (b[i] == '"' || b[i] == '\'' || b[i] == ' ') {
		i++
	}
	if i >= len(b) || b[i] != '=' && b[i] != ':' {
		return extent{}
	}
	if i++; i < len(b) && b[i-1] == ':' && b[i] == ':' { // a name with parts, as token::elevate
		return extent{}
	}
	for i < len(b) && (b[i] == ' ' || b[i] == '"' || b[i] == '\'') {
		i++
	}
	from := i
	if k := min(len(b)-i, len("bearer ")); k == len("bearer ") && bytes.EqualFold(b[i:i+k], []byte("bearer ")) {
		i += k
	}
	for i < len(b) && b[i] > ' ' && b[i] != '"' && b[i] != '\'' && b[i] != ',' && b[i] != ';' && b[i] != '&' {
		i++
	}
	return extent{from, i}
}

// secretWord is where the first of the words stands and where it ends; at is -1 when there is none.
func secretWord(b []byte) (at, end int) {
	for i, c := range b {
		switch c | 0x20 {
		case 'p', 's', 't', 'a':
		default:
			continue
		}
		for _, word := range secretWords {
			if n := len(word); n <= len(b)-i && bytes.EqualFold(b[i:i+n], []byte(word)) {
				return i, i + n
			}
		}
	}
	return -1, 0
}
