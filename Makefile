.PHONY: up down test run-tests check

up:
	npm start

down:
	npm run down

test:
	npm test

run-tests: test

check:
	npm run check
