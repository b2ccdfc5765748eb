import * as z from 'zod/mini';
import en from 'zod/v4/locales/en.js';

// Without a locale, zod/mini reports "Invalid input" for every error. Modules that report errors import this file.
z.config(en());
