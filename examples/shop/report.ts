/** What a day's sales amount to: pure computing, no files, no database. */

export interface Sale {
  category: string
  product: string
  orders: number
  revenue: number
}

export interface CategoryReport {
  category: string
  orders: number
  revenue: number
  /** Best first. */
  products: { product: string; orders: number; revenue: number }[]
}

export interface Report {
  day: string
  weekday: string
  orders: number
  revenue: number
  /** The product ordered most often; of equals the one that earned more. */
  bestSeller: { product: string; orders: number; revenue: number } | null
  /** Most revenue first. */
  categories: CategoryReport[]
  /** The same weekday a week earlier, if anything was sold then; `change` is a fraction: 0.1 is 10 % more. */
  weekBefore: { day: string; revenue: number; change: number } | null
}

export function computeReport(
  day: string,
  sales: readonly Sale[],
  earlier: { day: string; sales: readonly Sale[] },
): Report {
  const revenue = sum(sales, 'revenue')
  const products = sales
    .map(({ product, orders, revenue }) => ({ product, orders, revenue }))
    .sort((a, b) => b.orders - a.orders || b.revenue - a.revenue)
  const earned = sum(earlier.sales, 'revenue')
  return {
    day,
    weekday: new Intl.DateTimeFormat('en-GB', { weekday: 'long', timeZone: 'UTC' }).format(new Date(day)),
    orders: sum(sales, 'orders'),
    revenue,
    bestSeller: products[0] ?? null,
    categories: byCategory(sales),
    weekBefore: earned === 0 ? null : { day: earlier.day, revenue: earned, change: (revenue - earned) / earned },
  }
}

function byCategory(sales: readonly Sale[]): CategoryReport[] {
  const categories = new Map<string, CategoryReport>()
  for (const { category, product, orders, revenue } of sales) {
    const entry = categories.get(category) ?? { category, orders: 0, revenue: 0, products: [] }
    entry.orders += orders
    entry.revenue += revenue
    entry.products.push({ product, orders, revenue })
    categories.set(category, entry)
  }
  for (const { products } of categories.values()) products.sort((a, b) => b.revenue - a.revenue)
  return [...categories.values()].sort((a, b) => b.revenue - a.revenue)
}

function sum(sales: readonly Sale[], column: 'orders' | 'revenue'): number {
  return sales.reduce((total, sale) => total + sale[column], 0)
}
