package pseudonym

// isNational reports whether the word between start and end is a national identifier of a patient.
func (t *scan) isNational(start, end int) bool {
	word := t.text[start:end]
	switch len(word) {
	case 10:
		return mayBeNHS(word) && isNHS(word) && !t.dotted(start, end) && !t.isHost(start)
	case 13:
		return isNIRWithoutKey(word) && !t.dotted(start, end) && !t.isTime(start, end)
	case 15:
		return isNIR(word) && !t.dotted(start, end)
	}
	return false
}

// isHost reports whether a number stands where an address has its host: http://3627734734/ is an IPv4 address.
func (t *scan) isHost(start int) bool {
	return start > 0 && t.text[start-1] == '@' || start > 1 && t.text[start-1] == '/' && t.text[start-2] == '/'
}

// isTime reports whether 13 digits are all of a parameter's value and may be milliseconds since 1970, with which pages
// get past caches: ?x=1760512345678.
func (t *scan) isTime(start, end int) bool {
	alone := start > 0 && t.text[start-1] == '=' && (end == len(t.text) || t.text[end] == '&' || t.text[end] == '#')
	return alone && t.text[start] == '1'
}

// isNIR checks a French social security number of 15 digits (NIR; the INS of a patient is the same number): sex,
// year, month, département, commune, order, and a key that is 97 minus the rest of the first 13 divided by 97. For that
// Corsica's 2A counts as 19 and 2B as 18.
func isNIR(p []byte) bool {
	n, corsica := uint64(0), false
	for i, b := range p {
		switch {
		case class[b]&digit != 0:
			n = n*10 + uint64(b-'0')
		case i == 6 && p[5] == '2' && (upper(b) == 'A' || upper(b) == 'B'):
			n = (n-2)*10 + 19 - uint64(upper(b)-'A')
			corsica = true
		default:
			return false
		}
	}
	sex, month := p[0], int(p[3]-'0')*10+int(p[4]-'0')
	if sex == '0' || sex == '5' || sex == '6' || sex == '9' {
		return false
	}
	// 20 to 42 and 50 to 99 stand for months that nobody knows.
	if month == 0 || month > 12 && month < 20 || month > 42 && month < 50 {
		return false
	}
	if !corsica && p[5] == '0' && p[6] == '0' {
		return false
	}
	return 97-n/100%97 == n%100
}

// isNIRWithoutKey checks 13 digits, which carry no key: each part must be what it can be.
func isNIRWithoutKey(p []byte) bool {
	for i, b := range p {
		if class[b]&digit == 0 && !(i == 6 && p[5] == '2' && (upper(b) == 'A' || upper(b) == 'B')) {
			return false
		}
	}
	two := func(i int) int { return int(p[i]-'0')*10 + int(p[i+1]-'0') }
	if p[0] != '1' && p[0] != '2' || two(3) < 1 || two(3) > 12 {
		return false
	}
	if class[p[6]]&digit != 0 && (two(5) == 0 || two(5) == 96) {
		return false
	}
	return string(p[7:10]) != "000" && string(p[10:13]) != "000"
}

// isNHS checks a UK NHS number: weights 10 to 2 over nine digits, the tenth is 11 minus the rest divided by 11, 11
// counts as 0, and 10 is never given out. Scotland's CHI number is the same and begins with a date of birth.
func isNHS(p []byte) bool {
	sum, same := 0, true
	for i, b := range p {
		if class[b]&digit == 0 {
			return false
		}
		if i < 9 {
			sum += (10 - i) * int(b-'0')
		}
		same = same && b == p[0]
	}
	return !same && (11-sum%11)%11 == int(p[9]-'0')
}

// mayBeNHS reports whether ten digits written together may be an NHS number at all: those that begin with 1 or 2 are
// rather seconds since 1970, and a number padded with zeros must begin with a day and a month.
func mayBeNHS(p []byte) bool {
	if p[0] != '0' {
		return p[0] >= '3'
	}
	month := int(p[2]-'0')*10 + int(p[3]-'0')
	return p[1] != '0' && month >= 1 && month <= 12
}

// nationalGroups finds a national identifier written in groups, that begins with a word of n bytes: 1 84 12 76 451
// 089 46, or 943 476 5919. It returns its length, 0 where there is none.
func nationalGroups(p []byte, n int) int {
	switch n {
	case 1:
		var nir [15]byte
		if end := groups(p, []int{1, 2, 2, 2, 3, 3, 2}, nir[:0]); end > 0 && isNIR(nir[:]) {
			return end
		}
	case 3:
		var nhs [10]byte
		if end := groups(p, []int{3, 3, 4}, nhs[:0]); end > 0 && isNHS(nhs[:]) {
			return end
		}
	}
	return 0
}

// groups appends the words of the given sizes to dst, and returns where they end in p; 0 where p holds something else.
func groups(p []byte, sizes []int, dst []byte) int {
	i := 0
	for g, size := range sizes {
		if g > 0 {
			if i >= len(p) || class[p[i]]&wordByte != 0 || p[i] == '/' || p[i] == '&' || p[i] == '=' {
				return 0
			}
			i++
		}
		if i+size > len(p) {
			return 0
		}
		for _, b := range p[i : i+size] {
			if class[b]&wordByte == 0 {
				return 0
			}
		}
		dst = append(dst, p[i:i+size]...)
		i += size
	}
	if i < len(p) && class[p[i]]&wordByte != 0 {
		return 0
	}
	return i
}
