// Core Web Vitals, measured by Google's own library: https://github.com/GoogleChrome/web-vitals

import { onCLS, onINP, onLCP, type Metric } from 'web-vitals';

import type { Sdk } from '../../sdk';

export function vitals(sdk: Sdk): void {
  const tell = ({ name, value, rating, id, navigationType }: Metric): void => {
    // Milliseconds; of CLS a share.
    const rounded = name === 'CLS' ? Math.round(value * 10_000) / 10_000 : Math.round(value);
    sdk.log('Web Vital Measured', { metric: name, value: rounded, rating, metric_id: id, navigation_type: navigationType });
  };
  onLCP(tell);
  onINP(tell);
  onCLS(tell);
}
