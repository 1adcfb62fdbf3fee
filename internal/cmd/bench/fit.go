package main

import "math"

// point is a measured size and time.
type point struct{ x, y float64 }

// powerFit is a * x^k through two or more points with positive coordinates, by least squares of the logarithms.
func powerFit(points []point) func(float64) float64 {
	var sx, sy, sxx, sxy float64
	for _, p := range points {
		x, y := math.Log(p.x), math.Log(max(p.y, 1e-9))
		sx, sy, sxx, sxy = sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	n := float64(len(points))
	k := (n*sxy - sx*sy) / (n*sxx - sx*sx)
	a := math.Exp((sy - k*sx) / n)
	return func(x float64) float64 { return a * math.Pow(x, k) }
}

// quadraticFit is the parabola through the first, the middle and the last of three or more points of different x.
func quadraticFit(points []point) func(float64) float64 {
	p, q, r := points[0], points[len(points)/2], points[len(points)-1]
	return func(x float64) float64 {
		return p.y*(x-q.x)*(x-r.x)/((p.x-q.x)*(p.x-r.x)) +
			q.y*(x-p.x)*(x-r.x)/((q.x-p.x)*(q.x-r.x)) +
			r.y*(x-p.x)*(x-q.x)/((r.x-p.x)*(r.x-q.x))
	}
}
